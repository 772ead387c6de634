"""The encoded members of envelopes: JOSE's base64url, one spelling for the same bytes, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.didcomm.refused import malformed
from engine.core.multiformats import NotEncoded, from_base64url, to_base64url

encode = to_base64url


def decode(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise malformed(f"{what} is a text")
    try:
        return from_base64url(text)
    except NotEncoded as problem:
        raise malformed(f"{what} is not base64url without padding") from problem


def member(value: Mapping[str, Any], name: str) -> bytes:
    """A member that has to be there."""
    return decode(value.get(name), name)
