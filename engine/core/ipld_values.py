"""Values of the language as DAG-CBOR blocks, and blocks of others as values of the language.

What the language has no word for is written as DAG-JSON has it (https://ipld.io/specs/codecs/dag-json/spec/):
a link is `{"/": "bafy…"}`, bytes are `{"/": {"bytes": "aGVsbG8"}}`, base64 without padding. The key `/` is
kept for these. A Number without decimals that every reader of JSON has exactly is an integer, any other one a
float.
"""

from __future__ import annotations

import base64
import binascii

from engine.core.blocks.dag_cbor import LARGEST_BLOCK, Link, Node, decode, encode
from engine.core.blocks.errors import BlockError
from engine.core.cids import NotACid, cid_text, read_cid
from pico_lang.values import MAX_NESTING, Value

RESERVED = "/"
EXACT = 2**53 - 1
"""The largest integer up to which none is taken for another one when it is a float."""


class NoSuchValue(ValueError):
    """A value that no block has, or a block that is no value of the language. The message says why."""


def to_block(value: Value) -> bytes:
    """The one block that a value is. Raises `NoSuchValue`."""
    try:
        block = encode(_to_node(value))
    except BlockError as problem:
        raise NoSuchValue(str(problem)) from None
    if len(block) > LARGEST_BLOCK:
        raise NoSuchValue(
            f"as a block it has {len(block):,} bytes, and the largest has {LARGEST_BLOCK:,}; put its parts, "
            'and in their place the links to them, {"/": cid}'
        )
    return block


def from_block(block: bytes) -> Value:
    """The value that a block in DAG-CBOR is. Raises `NoSuchValue`."""
    try:
        return _from_node(decode(block))
    except BlockError as problem:
        raise NoSuchValue(f"it is not DAG-CBOR: {problem}") from None


def bytes_value(data: bytes) -> Value:
    """Bytes, as the language writes them."""
    return {RESERVED: {"bytes": base64.b64encode(data).decode().rstrip("=")}}


# --- to blocks -------------------------------------------------------------------------------------


def _to_node(value: Value) -> Node:
    if isinstance(value, list):
        return [_to_node(item) for item in value]
    if isinstance(value, dict):
        return _named(value) if RESERVED in value else {key: _to_node(item) for key, item in value.items()}
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= EXACT else value
    return value


def _named(value: dict[str, Value]) -> Node:
    match value:
        case {"/": str(cid)} if len(value) == 1:
            return _read_link(cid)
        case {"/": {"bytes": str(text), **more}} if len(value) == 1 and not more:
            return _read_bytes(text)
    raise NoSuchValue('the key "/" is for links, {"/": cid}, and bytes, {"/": {"bytes": base64}}, alone')


def _read_link(cid: str) -> Link:
    try:
        return Link(read_cid(cid))
    except NotACid as problem:
        raise NoSuchValue(str(problem)) from None


def _read_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise NoSuchValue(f"{text[:40]!r} is not base64, as bytes are written") from None


# --- from blocks -----------------------------------------------------------------------------------


def _from_node(node: Node, depth: int = 0) -> Value:
    if depth > MAX_NESTING:
        raise NoSuchValue(f"arrays and maps nested more than {MAX_NESTING} levels deep")
    if isinstance(node, Link):
        return {RESERVED: cid_text(node.cid)}
    if isinstance(node, bytes):
        return bytes_value(node)
    if isinstance(node, list):
        return [_from_node(item, depth + 1) for item in node]
    if isinstance(node, dict):
        if RESERVED in node:
            raise NoSuchValue('it has a map with the key "/", which stands for links and bytes here')
        return {key: _from_node(item, depth + 1) for key, item in node.items()}
    return _number(node) if isinstance(node, int) and not isinstance(node, bool) else node


def _number(number: int) -> float:
    if abs(number) > EXACT:
        raise NoSuchValue(f"it has the integer {number}, which is no Number of the language exactly")
    return float(number)
