"""An ear hears what goes through it, and a word is found however it is spelled."""

from __future__ import annotations

import asyncio
import base64

import pytest

from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import serving
from tests.support.ear import Ear, found_in

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
    ],
)
def test_a_word_is_found_in_each_spelling(spelled: bytes) -> None:
    assert found_in(b"before " + spelled + b" after", [WORD, "another-word"]) == {WORD}


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
