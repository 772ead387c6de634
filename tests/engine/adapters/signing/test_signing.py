"""Ed25519 is that of RFC 8032, and a key's file is for its owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.adapters.signing.ed25519 import public_key, sign, verify
from engine.adapters.signing.key_files import KeyFileUnusable, read_key, write_key

# RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
SEED = bytes.fromhex(VECTORS[0][0])


@pytest.mark.parametrize(("seed", "key", "message", "signature"), VECTORS)
def test_signatures_are_those_of_the_rfc(seed: str, key: str, message: str, signature: str) -> None:
    """Made and checked."""
    assert public_key(bytes.fromhex(seed)).hex() == key
    assert sign(bytes.fromhex(seed), bytes.fromhex(message)).hex() == signature
    assert verify(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))


def test_what_was_signed_by_another_or_is_something_else_is_not_verified() -> None:
    """Nor a signature that is cut, nor a key that is none."""
    key, signature = public_key(SEED), sign(SEED, b"message")
    assert not verify(key, b"massage", signature)
    assert not verify(public_key(bytes(32)), b"message", signature)
    assert not verify(key, b"message", signature[:-1])
    assert not verify(bytes(32), b"message", signature)
    assert not verify(b"short", b"message", signature)


def test_a_key_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    """In a folder that is made for it, if need be, and reads the same afterwards."""
    path = tmp_path / "new" / "author.key"
    write_key(path, SEED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_key(path) == SEED


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Who makes one twice keeps the first."""
    write_key(tmp_path / "key", SEED)
    with pytest.raises(KeyFileUnusable, match="is there already"):
        write_key(tmp_path / "key", bytes(32))
    assert read_key(tmp_path / "key") == SEED


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    """The message says what to type."""
    write_key(tmp_path / "key", SEED)
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        read_key(tmp_path / "key")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"format": 1, "kind": "Ed25519", "seed": "uAA"}', "\xff"]
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    """Without a word of what is in it."""
    path = tmp_path / "key"
    path.write_text(text, "latin-1")
    path.chmod(0o600)
    with pytest.raises(KeyFileUnusable, match=r"no key of an author|damaged"):
        read_key(path)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    """By its own name."""
    with pytest.raises(KeyFileUnusable, match=f"picomesh key new {tmp_path}/key"):
        read_key(tmp_path / "key")
