"""Bytes in pieces are the bytes that are written otherwise."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.codec import Plain, to_bytes
from engine.core.gentle import PIECE, SMALL, pieces

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
)


@given(PLAIN)
def test_the_bytes_are_the_same(plain: Plain) -> None:
    assert b"".join(pieces(plain)) == to_bytes(plain)


@pytest.mark.parametrize(
    "plain",
    [
        [],
        {},
        MappingProxyType({}),
        [[]],
        {"a": {}},
        ({"a": MappingProxyType({"b": ("c",)})},),
        list(range(2 * PIECE + 1)),
        {f"k{n}": n for n in range(PIECE + 1)},
        [[n] * (n % (SMALL + 3)) for n in range(PIECE)],
        ["\ud800", 3.0, 3, True, None],
    ],
)
def test_whatever_holds_whatever(plain: Plain) -> None:
    assert b"".join(pieces(plain)) == to_bytes(plain)


def test_no_piece_is_large() -> None:
    """Neither of many entries nor of many small maps."""
    plain = {"many": [1.0] * 100_000, "maps": [{"a": 1.0, "b": 2.0} for _ in range(50_000)]}
    assert max(map(len, pieces(plain))) <= PIECE * len('{"a":1.0,"b":2.0},')


def test_small_things_share_a_piece() -> None:
    """A pico has thousands of channels, each with its policies; a piece for each part of each would take
    several times as long as writing them."""
    channel = {"eci": "c", "policy": {"allow": [["*", "*"]], "deny": []}}
    values = 10_000 * 8
    assert len(list(pieces({f"c{n}": channel for n in range(10_000)}))) <= values / PIECE * 2
