"""The specification's own examples are read, and what of them can be made again comes out the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.adapters.didcomm import Message, PrivateKey, Refused, unpack
from engine.adapters.didcomm.content_encryption import seal, unseal
from engine.adapters.didcomm.jwe import apv_of
from engine.adapters.didcomm.key_agreement import ANON, AUTH, agree, derive, unwrap, wrap
from engine.adapters.didcomm.keys import public_from_jwk
from engine.adapters.didcomm.signing import sign
from engine.core.didcomm.base64url import decode, encode
from tests.engine.adapters.didcomm.appendix import Appendix, appendix

WHEN_S = 1516269022
LUNCH = Message(
    id="1234567890",
    type="http://example.com/protocols/lets_do_lunch/1.0/proposal",
    from_="did:example:alice",
    to=("did:example:bob",),
    created_time=WHEN_S,
    expires_time=1516385931,
    body={"messagespecificattribute": "and its value"},
)

EXAMPLES: dict[int, tuple[tuple[str, ...], str | None, str | None, str | None]] = {
    0: (("signed",), None, "#key-1", None),
    1: (("signed",), None, "#key-2", None),
    2: (("signed",), None, "#key-3", None),
    3: (("anoncrypt",), None, None, "#key-x25519-1"),
    4: (("anoncrypt",), None, None, "#key-p384-1"),
    5: (("anoncrypt",), None, None, "#key-p521-1"),
    6: (("authcrypt",), "#key-x25519-1", None, "#key-x25519-1"),
    7: (("authcrypt", "signed"), "#key-p256-1", "#key-1", "#key-p256-1"),
    8: (("anoncrypt", "authcrypt", "signed"), "#key-p521-1", "#key-1", "#key-p521-1"),
}
"""Layers, sender's key, signer, recipient: of C.2 and C.3 in their order, as the envelopes have them.

The text before the last two names other curves than they are on.
"""

ENCRYPTED = [place for place, (layers, *_) in EXAMPLES.items() if layers != ("signed",)]


@pytest.fixture
def spec() -> Appendix:
    return appendix()


def named(did: str, fragment: str | None) -> str | None:
    return did + fragment if fragment else None


@pytest.mark.parametrize("place", EXAMPLES)
def test_an_example_is_read(spec: Appendix, place: int) -> None:
    """The message is that of C.1, by whom and for whom the text says."""
    layers, sender, signer, recipient = EXAMPLES[place]
    unpacked = unpack(spec.message(place).encode(), spec.keyring(), WHEN_S)
    assert unpacked.message == LUNCH
    assert unpacked.layers == layers
    assert unpacked.sender_kid == named("did:example:alice", sender)
    assert unpacked.signer == named("did:example:alice", signer)
    assert unpacked.recipient == named("did:example:bob", recipient)


def test_the_signature_is_made_again(spec: Appendix) -> None:
    """EdDSA has no chance in it: the same key and bytes give the same signature."""
    example = json.loads(spec.message(0))
    one = example["signatures"][0]
    signed = f"{one['protected']}.{example['payload']}".encode()
    assert encode(sign(spec.secrets["did:example:alice#key-1"], signed)) == one["signature"]


@pytest.mark.parametrize("place", ENCRYPTED)
def test_the_encryption_is_made_again(spec: Appendix, place: int) -> None:
    """With the content key that it has, for each recipient and each layer, byte for byte."""
    layers = list(nested(spec, json.loads(spec.message(place))))
    assert len(layers) == len([name for name in EXAMPLES[place][0] if name != "signed"])
    for envelope, header, content in layers:
        aad, tag = envelope["protected"].encode(), decode(envelope["tag"], "tag")
        apv = apv_of(one["header"]["kid"] for one in envelope["recipients"])
        assert encode(apv) == header["apv"]
        for one in envelope["recipients"]:
            key = wrapping_key(spec, header, one["header"]["kid"], tag)
            content_key = unwrap(key, decode(one["encrypted_key"], "key"))
            assert encode(wrap(key, content_key)) == one["encrypted_key"]
            sealed = seal(header["enc"], content_key, decode(envelope["iv"], "iv"), content, aad)
            assert [encode(part) for part in sealed] == [envelope["ciphertext"], envelope["tag"]]


def nested(spec: Appendix, envelope: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any], bytes]]:
    """Each encrypted layer with its header and what is in it."""
    while "ciphertext" in envelope:
        header = json.loads(decode(envelope["protected"], "protected"))
        one, tag = envelope["recipients"][0], decode(envelope["tag"], "tag")
        key = wrapping_key(spec, header, one["header"]["kid"], tag)
        content_key = unwrap(key, decode(one["encrypted_key"], "key"))
        iv, ciphertext = decode(envelope["iv"], "iv"), decode(envelope["ciphertext"], "ciphertext")
        content = unseal(header["enc"], content_key, iv, ciphertext, tag, envelope["protected"].encode())
        yield envelope, header, content
        envelope = json.loads(content)


def wrapping_key(spec: Appendix, header: dict[str, Any], kid: str, tag: bytes) -> bytes:
    """The recipient has a private key too, and the secret that both share is the same."""
    own: PrivateKey = spec.secrets[kid]
    shared, apv = agree(own, public_from_jwk(header["epk"])), decode(header["apv"], "apv")
    if header["alg"] == ANON:
        return derive(ANON, shared, b"", apv)
    static = agree(own, spec.secrets[header["skid"]].public)
    return derive(AUTH, shared + static, header["skid"].encode(), apv, tag)


# --- what the crate has beyond the specification ---------------------------------------------------

INVALID = [
    "INVALID_ENCRYPTED_MSG_ANON_P256_EPK_WRONG_POINT",
    "INVALID_PLAINTEXT_MSG_EMPTY",
    "INVALID_PLAINTEXT_MSG_STRING",
    "INVALID_PLAINTEXT_MSG_NO_ID",
    "INVALID_PLAINTEXT_MSG_NO_TYPE",
    "INVALID_PLAINTEXT_MSG_WRONG_TYP",
    "INVALID_PLAINTEXT_MSG_EMPTY_ATTACHMENTS",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_NO_DATA",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_WRONG_ID",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_EMPTY_DATA",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_LINKS_NO_HASH",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_AS_STRING",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_AS_INT_ARRAY",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_WRONG_DATA",
    "INVALID_PLAINTEXT_MSG_ATTACHMENTS_NULL_DATA",
]


@pytest.mark.parametrize("name", INVALID)
def test_what_another_stack_refuses_is_refused(spec: Appendix, name: str) -> None:
    """All its invalid examples but one: version 2.1 allows a message without a body."""
    if name not in spec.others:
        pytest.skip("only the crate has these")
    with pytest.raises(Refused):
        unpack(spec.others[name].encode(), spec.keyring(), WHEN_S)
