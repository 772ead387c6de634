"""Values of the language as blocks: their bytes, what comes back, and what has no block or no value."""

from __future__ import annotations

from typing import Any

import dag_cbor
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.blocks.dag_cbor import Link, encode
from engine.core.cids import cid_of, cid_text
from engine.core.ipld_values import NoSuchValue, from_block, to_block

LEAF = cid_of(b"leaf", "raw")
SAFE = st.integers(-(2**53) + 1, 2**53 - 1).map(float)
VALUES = st.recursive(
    st.none() | st.booleans() | SAFE | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "/"), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_put_comes_back(value: Any) -> None:
    """Every value of the language, but for the order of the keys of a map."""
    assert from_block(to_block(value)) == value


@given(VALUES)
def test_another_library_reads_it(value: Any) -> None:
    """The block is DAG-CBOR as others write it, with integers where JSON has them."""
    assert dag_cbor.decode(to_block(value)) == value
    assert dag_cbor.encode(dag_cbor.decode(to_block(value))) == to_block(value)


def test_a_number_without_decimals_is_an_integer() -> None:
    """As in the blocks of those who have both; beyond what is exact it stays a float."""
    assert to_block([1.0, -3.0, 0.5]) == encode([1, -3, 0.5])
    assert to_block(2.0**53) == encode(2.0**53)


def test_links_and_bytes_are_written_as_dag_json_has_them() -> None:
    value = {"next": {"/": cid_text(LEAF)}, "image": {"/": {"bytes": "/wBo"}}}
    assert to_block(value) == encode({"next": Link(LEAF), "image": b"\xff\x00h"})
    assert from_block(to_block(value)) == value


@pytest.mark.parametrize("text", ["aGVsbG8", "aGVsbG8="])
def test_padding_of_base64_may_be_left_out(text: str) -> None:
    assert to_block({"/": {"bytes": text}}) == encode(b"hello")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"/": "x"}, "'x' is not a CID"),
        ({"/": cid_text(LEAF), "more": 1.0}, 'the key "/" is for links'),
        ({"/": {"bytes": "aGVsbG8", "more": 1.0}}, 'the key "/" is for links'),
        ({"/": {"bytes": "a"}}, "is not base64"),
        ({"/": {"bytes": "ü"}}, "is not base64"),
        ({"/": 5.0}, 'the key "/" is for links'),
        ("\ud800", "half a surrogate pair"),
        ("x" * (1 << 20), "1,048,581 bytes, and the largest has 1,048,576"),
    ],
)
def test_what_is_no_block_is_told_why(value: Any, why: str) -> None:
    with pytest.raises(NoSuchValue) as refusal:
        to_block(value)
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (encode({"id": 2**53}), "9007199254740992, which is no Number of the language exactly"),
        (encode([-(2**64)]), "which is no Number"),
        (encode({"/": "x"}), 'a map with the key "/"'),
        (encode({"/": cid_text(LEAF)}), 'a map with the key "/"'),
        (b"\x18\x01", "it is not DAG-CBOR"),
        (b"", "it is not DAG-CBOR"),
    ],
)
def test_what_is_no_value_is_told_why(block: bytes, why: str) -> None:
    """Rather than giving something else that looks like it, as of a map that would read as a link."""
    with pytest.raises(NoSuchValue) as refusal:
        from_block(block)
    assert why in str(refusal.value)
