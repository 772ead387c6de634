"""The encoded members of envelopes: JOSE's base64url, one spelling for the same bytes, or a refusal.

The same as `engine.core.multiformats` reads and writes, which is made for names: eight members a message
are a tenth of its time there, so here the decoder of the standard library does all the looking.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from engine.core.didcomm.refused import malformed

_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/   ")
"""The standard alphabet's own characters become ones that its decoder refuses."""
_TO_URL = bytes.maketrans(b"+/", b"-_")
_LAST = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
"""What can be last when so many characters are left over: their spare bits are zero."""


def encode(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def decode(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise malformed(f"{what} is a text")
    over = len(text) % 4
    if over and text[-1] not in _LAST.get(over, ()):
        raise malformed(f"{what} is not base64url without padding")
    try:
        standard = text.encode("ascii").translate(_TO_STANDARD) + b"=" * (-over % 4)
        return binascii.a2b_base64(standard, strict_mode=True)
    except ValueError as problem:
        raise malformed(f"{what} is not base64url without padding") from problem


def member(value: Mapping[str, Any], name: str) -> bytes:
    """A member that has to be there."""
    return decode(value.get(name), name)
