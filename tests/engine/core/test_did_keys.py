"""Ed25519 keys as DIDs, against the vectors of the did:key specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.did_keys import NotADidKey, from_did_key, read_did_key, to_did_key

# From the specification's test vectors (ed25519-x25519.json).
KNOWN = [
    (
        "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    ),
    (
        "4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29",
        "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
    ),
]
OTHER_KEY = "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
"""X25519, which cannot sign."""


@pytest.mark.parametrize(("key", "did"), KNOWN)
def test_a_key_is_written_as_the_specification_has_it(key: str, did: str) -> None:
    """Both ways."""
    assert to_did_key(bytes.fromhex(key)) == did
    assert from_did_key(did).hex() == key


@given(st.binary(min_size=32, max_size=32))
def test_every_key_is_read_again(key: bytes) -> None:
    """And has the length that is checked first."""
    assert from_did_key(to_did_key(key)) == key


@pytest.mark.parametrize(
    "text", ["", "did:key:", KNOWN[0][1][:-1], KNOWN[0][1] + "x", "did:web:example.org", OTHER_KEY, "z" * 56]
)
def test_other_texts_are_no_keys(text: str) -> None:
    """The message shows what one looks like."""
    with pytest.raises(NotADidKey, match="z6Mk"):
        read_did_key(text)


def test_a_did_with_an_impossible_digit_is_no_key() -> None:
    """0 and l look like others, so base58 does not have them."""
    with pytest.raises(NotADidKey, match="no digit of base58"):
        read_did_key(KNOWN[0][1][:-1] + "0")


def test_a_key_of_another_length_is_a_mistake_of_the_program() -> None:
    """It is never written."""
    with pytest.raises(ValueError, match="32 bytes"):
        to_did_key(b"short")
