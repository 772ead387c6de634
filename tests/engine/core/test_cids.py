"""The CID of a block, or of a ruleset's text, is the one that IPFS gives it."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.cids import (
    NotACid,
    check_cid,
    cid_of,
    cid_text,
    codec_of,
    from_cid,
    is_named,
    named_text,
    read_cid,
    to_cid,
    to_url,
)
from engine.core.model import RulesetHash
from engine.core.multiformats import to_multibase

# As `ipfs add --cid-version 1 --raw-leaves` prints them.
KNOWN = [
    ("", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
    ("hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
]
CID = KNOWN[1][1]
DIGEST = RulesetHash(sha256(b"hello world").hexdigest())


@pytest.mark.parametrize(("text", "cid"), KNOWN)
def test_a_cid_is_that_of_ipfs(text: str, cid: str) -> None:
    """Both ways."""
    digest = RulesetHash(sha256(text.encode()).hexdigest())
    assert to_cid(digest) == cid
    assert from_cid(cid) == digest


@given(st.binary(min_size=32, max_size=32))
def test_a_cid_says_the_hash_and_nothing_else(digest: bytes) -> None:
    """Whatever the hash is."""
    assert from_cid(to_cid(RulesetHash(digest.hex()))) == digest.hex()


@pytest.mark.parametrize("url", [CID, f"ipfs:{CID}", f"ipfs://{CID}", f"IPFS://{CID}"])
def test_a_text_is_named_in_three_ways(url: str) -> None:
    """By its CID alone, and as a URL with and without slashes."""
    assert named_text(url) == DIGEST


def test_a_cid_in_another_base_names_the_same_text() -> None:
    """Tools of IPFS also write base58 and base64url."""
    data = bytes((1, 0x55, 0x12, 0x20)) + bytes.fromhex(DIGEST)
    assert named_text(to_multibase("z", data)) == named_text(to_multibase("u", data)) == DIGEST


@pytest.mark.parametrize(
    "url", ["file:///a.krl", "https://example.org/a.krl", "library:io.picolabs.pds", "a", ""]
)
def test_other_urls_name_no_text(url: str) -> None:
    """What is behind them may change."""
    assert named_text(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", "in blocks"),
        ("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", "in blocks"),
        ("bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", "in blocks"),
        (to_multibase("b", bytes((1, 0x55, 0x13, 0x40)) + bytes(64)), "not the CID of a ruleset"),
        (to_multibase("b", bytes((1, 0x55, 0x12, 0x20)) + bytes(31)), "not the CID of a ruleset"),
        (f"ipfs://{CID}/counter.krl", "is not a CID"),
        (f"ipfs://{CID.upper()}", "is not a CID"),
        (CID[:-1], "is not a CID|not the CID of"),
        ("ipfs://", "is not a CID"),
        ("ipfs://b" + "a" * 10_000, "is not a CID"),
    ],
)
def test_what_is_meant_as_a_cid_and_is_none_is_refused(url: str, reason: str) -> None:
    """And the message is short, whatever was given."""
    with pytest.raises(NotACid, match=reason) as refusal:
        named_text(url)
    assert len(str(refusal.value)) < 300


def test_the_url_of_a_text_names_it() -> None:
    """`to_url` and `named_text` are each other's inverse."""
    assert to_url(DIGEST) == f"ipfs://{CID}"
    assert named_text(to_url(DIGEST)) == DIGEST


# --- blocks ----------------------------------------------------------------------------------------

# `{"hello": "world"}` and `{}` as `ipfs dag put --store-codec dag-cbor` names them.
BLOCKS = [
    ("a16568656c6c6f65776f726c64", "bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae"),
    ("a0", "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"),
]


@pytest.mark.parametrize(("block", "text"), BLOCKS)
def test_the_cid_of_a_block_is_that_of_ipfs(block: str, text: str) -> None:
    """As text and back, and it says what codec the block is to be read with."""
    cid = cid_of(bytes.fromhex(block))
    assert cid_text(cid) == text
    assert read_cid(text) == check_cid(cid) == cid
    assert codec_of(cid) == "dag-cbor"


def test_the_cid_of_a_raw_block_is_that_of_the_text() -> None:
    """A ruleset's text that is one block has the name that the ruleset has."""
    cid = cid_of(b"hello world", "raw")
    assert cid_text(cid) == CID
    assert codec_of(cid) == "raw"


@given(st.binary(max_size=40), st.integers(0, 39))
def test_one_changed_byte_has_another_name(data: bytes, place: int) -> None:
    """Nothing but the bytes themselves goes by their CID."""
    cid = cid_of(data)
    assert is_named(cid, data)
    changed = bytearray(data + b"\0")
    changed[place % len(changed)] ^= 1
    assert not is_named(cid, bytes(changed))


@pytest.mark.parametrize(
    "text",
    [
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
        to_multibase("b", bytes((1, 0x71, 0x13, 0x40)) + bytes(64)),
        to_multibase("b", bytes((1, 0x71, 0x12, 0x20)) + bytes(31)),
        to_multibase("b", bytes((1, 0x71, 0x00, 0x20)) + bytes(32)),
        "b" + "a" * 10_000,
        "",
    ],
)
def test_other_cids_name_no_block_of_ours(text: str) -> None:
    """Other versions, codecs, hashes and lengths are refused, in a short sentence."""
    with pytest.raises(NotACid) as refusal:
        read_cid(text)
    assert len(str(refusal.value)) < 300
