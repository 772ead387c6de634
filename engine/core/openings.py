"""Asking the guardians of a pico to open its state: the request that goes to them, and what each gives.

Both are JSON, to be sent by whatever way. A request names a head and holds the boxes beside it, so a guardian
needs nothing else; what is given is in a box for the key that the request names, so anybody may carry it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.blocks.keys_block import MOST_BOXES
from engine.core.did_keys import DidKey, NotADidKey, read_did_key
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

REQUEST = "request to open a pico's state, version 1"
GIVEN = "share of the key to a pico's state, version 1"
LONGEST_NOTE = 2_000
LARGEST_BOX = 16 << 10


class NotAnOpening(ValueError):
    """A text that is not what it should be. Says why."""


@dataclass(frozen=True, slots=True)
class OpeningRequest:
    did: str
    """Of the pico."""
    head: str
    """The CID of the head whose tree is to be opened."""
    reader: DidKey
    """Who is to read it."""
    boxes: tuple[bytes, ...]
    """Those beside the tree."""
    note: str = ""
    """Why, for those who are asked."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one guardian gives."""

    did: str
    head: str
    guardian: DidKey
    box: bytes
    """The share, for the reader."""


def is_request(text: str) -> bool:
    """Whether it says that it is one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("picomesh") == REQUEST


def write_request(asked: OpeningRequest) -> str:
    if len(asked.note) > LONGEST_NOTE:
        raise NotAnOpening(f"a note has at most {LONGEST_NOTE:,} characters")
    told = {"picomesh": REQUEST, "note": asked.note, "did": asked.did, "head": asked.head}
    told["reader"] = asked.reader
    return _write({**told, "boxes": [to_multibase("u", box) for box in asked.boxes]})


def read_request(text: str) -> OpeningRequest:
    """Raises `NotAnOpening`."""
    match _read(text, REQUEST):
        case {
            "note": str(note),
            "did": str(did),
            "head": str(head),
            "reader": str(reader),
            "boxes": list(boxes),
            **rest,
        } if not rest and len(boxes) <= MOST_BOXES and len(note) <= LONGEST_NOTE:
            return OpeningRequest(did, head, _key(reader), tuple(map(_box, boxes)), note)
    raise NotAnOpening("it has note, did, head, reader and boxes, and nothing else")


def write_given(given: Given) -> str:
    """In one line, so that it can be copied from a terminal."""
    told = {"picomesh": GIVEN, "did": given.did, "head": given.head, "guardian": given.guardian}
    return json.dumps({**told, "share": to_multibase("u", given.box)}, separators=(",", ":")) + "\n"


def read_given(text: str) -> Given:
    """Raises `NotAnOpening`."""
    match _read(text, GIVEN):
        case {"did": str(did), "head": str(head), "guardian": str(guardian), "share": share, **rest} if (
            not rest
        ):
            return Given(did, head, _key(guardian), _box(share))
    raise NotAnOpening("it has did, head, guardian and share, and nothing else")


def _write(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _read(text: str, kind: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnOpening("it is no JSON") from None
    if not isinstance(found, dict) or found.pop("picomesh", None) != kind:
        raise NotAnOpening(f"it is no {kind}")
    return found


def _key(text: str) -> DidKey:
    try:
        return read_did_key(text)
    except NotADidKey as problem:
        raise NotAnOpening(f"{text[:80]!r} is no did:key: {problem}") from None


def _box(text: Any) -> bytes:
    try:
        box = from_multibase(text) if isinstance(text, str) else b""
    except NotEncoded:
        box = b""
    if not 0 < len(box) <= LARGEST_BOX:
        raise NotAnOpening("one of its boxes is none")
    return box
