"""An author's word for a text: how it is written, and what is not taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from engine.adapters.signing.ed25519 import public_key, sign, verify
from engine.core.cids import to_cid
from engine.core.did_keys import to_did_key
from engine.core.model import RulesetHash
from engine.core.signatures import (
    BadSignature,
    Signature,
    check,
    read_signature,
    to_be_signed,
    write_signature,
)

SEED = bytes(range(32))
AUTHOR = to_did_key(public_key(SEED))
DIGEST = RulesetHash(sha256(b"hello world").hexdigest())
OTHER = RulesetHash(sha256(b"hello").hexdigest())
GOOD = Signature(AUTHOR, DIGEST, sign(SEED, to_be_signed(AUTHOR, to_cid(DIGEST))))

WRITTEN = """\
{
  "format": 1,
  "author": "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd",
  "cid": "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
  "signature": "ucuA_jKspCnuCzrARMPLn__BWU-OAcFynIHiEnF0SFJ5U1wbzRqWeixtKEn58LN6wG58uYQuBzRSG5VOuH0TLAA"
}
"""


def test_the_form_of_a_signature_never_changes() -> None:
    """What is signed today is to be good in ten years: these bytes are the format."""
    assert to_be_signed(AUTHOR, to_cid(DIGEST)) == (
        b"This ruleset is mine (picomesh ruleset signature 1)\n"
        b"did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd\n"
        b"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e\n"
    )
    assert write_signature(GOOD) == WRITTEN


def test_what_is_written_is_read_and_good() -> None:
    """White space and the order of members do not matter."""
    check(read_signature(write_signature(GOOD)), DIGEST, verify)
    turned = json.dumps(dict(reversed(json.loads(write_signature(GOOD)).items())))
    assert read_signature(turned) == GOOD


@pytest.mark.parametrize(
    ("signature", "digest", "reason"),
    [
        (GOOD, OTHER, "the text was changed after it was signed"),
        (replace(GOOD, digest=OTHER), OTHER, "not made with the key"),
        (replace(GOOD, author=to_did_key(public_key(bytes(32)))), DIGEST, "not made with the key"),
        (replace(GOOD, value=bytes(64)), DIGEST, "not made with the key"),
        (replace(GOOD, value=sign(SEED, to_cid(DIGEST).encode())), DIGEST, "not made with the key"),
    ],
)
def test_a_signature_is_good_for_one_text_and_one_author(
    signature: Signature, digest: RulesetHash, reason: str
) -> None:
    """Nothing else that was signed with the key can stand for it, not even the CID alone."""
    with pytest.raises(BadSignature, match=reason):
        check(signature, digest, verify)


def altered(**members: Any) -> str:
    return json.dumps(json.loads(write_signature(GOOD)) | members)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is a JSON document"),
        ("[" * 4000, "is a JSON document"),
        ("[]", "not a signature"),
        ("{}", "not a signature"),
        (altered(format=2), "not a signature"),
        (altered(author="did:web:example.org"), "is not an Ed25519 key"),
        (altered(author=None), "is not an Ed25519 key"),
        (altered(cid="bafk"), "is not a CID|not the CID"),
        (altered(signature="uAAAA"), "64 bytes, not 3"),
        (altered(signature=[]), "stands for no base"),
        (altered(more="x" * 5000), "something else"),
    ],
)
def test_other_documents_are_not_taken_for_signatures(text: str, reason: str) -> None:
    """Each is told what is wrong with it."""
    with pytest.raises(BadSignature, match=reason):
        read_signature(text)
