"""How what was is put on one line for people: origins of events, parts of picos, values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.core.dids import is_did, show_did

LONGEST = 200
"""Characters of one value that are shown."""


def tell_origin(event: dict[str, Any]) -> str:
    """Where an event came from: the outside, somebody with a DID, a pico, or a timer."""
    if event["timer"] is not None:
        return f"timer {event['timer']}"
    if event["sender"] is None:
        return "outside"
    return show_did(event["sender"]) if is_did(event["sender"]) else f"pico {event['sender']}"


def tell_part(part: list[str]) -> str:
    """A part of a pico as people name it; entity variables as the language does."""
    kind, *words = part
    if kind == "relation":
        eci, _, did = words[0].partition(" ")
        return f"relation on {eci} with {show_did(did)}"
    if kind == "asked":
        eci, _, thread = words[0].partition(" ")
        return f"question on {eci} in thread {thread}"
    if kind != "entity":
        return " ".join(part)
    keys = "".join(f"{{{json.dumps(key, ensure_ascii=False)}}}" for key in words[2:])
    return f"{words[0]} ent:{words[1]}{keys}"


def shorten(value: Any) -> str:
    """A value as JSON, cut off where it gets long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def tell_lacking(lacking: Mapping[str, list[str]]) -> list[str]:
    """By turn the texts for want of which it was not run again; one line for each text."""
    turns: dict[str, list[str]] = {}
    for turn, texts in lacking.items():
        for text in texts:
            turns.setdefault(text, []).append(turn)
    return [
        f"taken as recorded, because the text of {text} is not here: {', '.join(numbers)}"
        for text, numbers in turns.items()
    ]


def tell_difference(one: dict[str, Any]) -> str:
    """A part of a pico that is not as it was."""
    return f"{tell_part(one['part'])}: {shorten(one['old'])} → {shorten(one['new'])}"
