"""An ear hears what goes through it, and a word is found however it is spelled."""

from __future__ import annotations

import asyncio
import base64
import gzip
import itertools
import zlib

import pytest

from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import serving
from tests.support.ear import Ear, base58, found_in, secrets_in

WORD = "canary-of-the-tests"


@pytest.mark.parametrize(
    "spelled",
    [
        WORD.encode(),
        WORD.upper().encode(),
        WORD.encode().hex().encode(),
        WORD.encode("utf-16-le"),
        *(base64.b64encode(b"x" * before + WORD.encode() + b"yz") for before in range(4)),
        *(base64.urlsafe_b64encode(b"\xff" * before + WORD.encode()) for before in range(4)),
        *(base64.b32encode(b"x" * before + WORD.encode() + b"yz").lower() for before in range(6)),
        WORD.encode("utf-16-be"),
        WORD.encode()[::-1],
        WORD.encode().hex("%").upper().encode().join([b"%", b""]),
        "".join(f"\\u{ord(letter):04X}" for letter in WORD).encode(),
        str(list(WORD.encode())).encode(),
        base58(WORD.encode()),
        zlib.compress(b"some " + WORD.encode() + b" more"),
        zlib.compress(base64.b64encode(b"a" + WORD.encode() + b"b"), 1),
        gzip.compress(b"x" * 5_000 + WORD.encode(), mtime=0),
        gzip.compress(WORD.encode() * 9, mtime=0)[:-8],
    ],
    ids=itertools.count(),
)
def test_a_word_is_found_in_each_spelling(spelled: bytes) -> None:
    assert found_in(b"before " + spelled + b" after", [WORD, "another-word"]) == {WORD}


def test_a_key_is_found_like_a_word() -> None:
    """Whatever bytes it has."""
    key = bytes(range(224, 256))
    for spelled in (key, key.hex().upper().encode(), base64.b64encode(b"x" + key), base58(key)):
        assert secrets_in(b"before " + spelled + b" after", {"key": key, "other": key[::2]}) == {"key"}
    assert secrets_in(bytes(range(256))[:250] + key.hex()[:-1].encode(), {"key": key}) == set()


def test_a_part_of_a_word_is_not_the_word() -> None:
    assert found_in(WORD[:-1].encode() + base64.b64encode(WORD[2:].encode()), [WORD]) == set()


@in_loop
async def test_both_sides_are_heard() -> None:
    """And each gets what the other says."""
    async with serving(lambda request: None) as port:
        with Ear(port) as ear:
            _, writer = await asyncio.open_connection("127.0.0.1", ear.port)
            writer.write(b"GET /canary HTTP/1.1\r\n")
            await writer.drain()
            while b"/canary" not in ear.heard:
                await asyncio.sleep(0.01)
            writer.close()
