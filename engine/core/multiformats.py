"""Bytes as self-describing text and back: bases with their multibase prefix, and unsigned varints.

Names made of bytes (content ids, keys in DIDs) are written with these. What is read must be spelled in
the one way there is: a name with two spellings would be two names. See https://github.com/multiformats.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal

Base = Literal["b", "u", "z"]
"""The multibase prefixes of base32, base64url and base58btc."""
Encode = Callable[[bytes], str]
Decode = Callable[[str], bytes]

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Bitcoin's digits: those that nobody takes for others."""

_VALUES = {digit: value for value, digit in enumerate(BASE58)}
_DIGITS = 10
"""Of base58 that are taken at once: their number is a small one, with which calculating is quick."""
_PART = 58**_DIGITS
_BASE32 = re.compile(r"[a-z2-7]*", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/   ")
"""The standard alphabet's own characters become ones that its decoder refuses."""
_TO_URL = bytes.maketrans(b"+/", b"-_")
_LAST = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
"""What can be last when so many characters are left over: their spare bits are zero."""

LONGEST_VARINT = 9
"""Bytes; the specification allows no more, so that readers can use 63 bits."""


class NotEncoded(ValueError):
    """Text or bytes that no encoder writes. The message says what is wrong with them."""


# --- base58btc -------------------------------------------------------------------------------------


def to_base58(data: bytes) -> str:
    """Takes time quadratic in the length; meant for keys, hashes and small documents."""
    zeros = len(data) - len(data.lstrip(b"\0"))
    number, digits = int.from_bytes(data, "big"), []
    while number:
        number, part = divmod(number, _PART)
        for _ in range(_DIGITS):
            part, digit = divmod(part, 58)
            digits.append(BASE58[digit])
    return BASE58[0] * zeros + "".join(reversed(digits)).lstrip(BASE58[0])


def from_base58(text: str) -> bytes:
    """As slow as its counterpart, so callers bound the length of what others send."""
    number = 0
    for place in range(0, len(text), _DIGITS):
        digits = text[place : place + _DIGITS]
        number = number * 58 ** len(digits) + _from_digits(digits)
    zeros = len(text) - len(text.lstrip(BASE58[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _from_digits(digits: str) -> int:
    number = 0
    for digit in digits:
        if digit not in _VALUES:
            raise NotEncoded(f"{digit!r} is no digit of base58")
        number = number * 58 + _VALUES[digit]
    return number


# --- base32 and base64url, both without padding ----------------------------------------------------


def to_base32(data: bytes) -> str:
    """RFC 4648 in lower case."""
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def from_base32(text: str) -> bytes:
    if not _BASE32.fullmatch(text):
        raise NotEncoded("base32 consists of a–z and 2–7, in lower case")
    return _check_spelling(text, _decode_base32(text), to_base32)


def _decode_base32(text: str) -> bytes:
    try:
        return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError as problem:
        raise NotEncoded(f"base32 is never {len(text)} characters long") from problem


def to_base64url(data: bytes) -> str:
    """RFC 4648, with the alphabet that URLs and file names can hold."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The standard library's decoder does all the looking: envelopes are full of these."""
    over = len(text) % 4
    if not over or text[-1] in _LAST.get(over, ()):
        with suppress(ValueError):
            standard = text.encode("ascii").translate(_TO_STANDARD) + b"=" * (-over % 4)
            return binascii.a2b_base64(standard, strict_mode=True)
    raise NotEncoded(_why_not_base64url(text))


def _why_not_base64url(text: str) -> str:
    if not _BASE64URL.fullmatch(text):
        return "base64url consists of A–Z, a–z, 0–9, - and _"
    if len(text) % 4 == 1:
        return f"base64url is never {len(text)} characters long"
    return _unspellable(text, len(text) * 3 // 4)


def _check_spelling(text: str, data: bytes, encode: Encode) -> bytes:
    """The last digit has bits to spare, and they are zero: else several texts would be these bytes."""
    if encode(data) != text:
        raise NotEncoded(_unspellable(text, len(data)))
    return data


def _unspellable(text: str, length: int) -> str:
    return f"{text[-1]!r} cannot be the last digit of {length} bytes"


# --- multibase -------------------------------------------------------------------------------------

BASES: Mapping[str, tuple[Encode, Decode]] = {
    "b": (to_base32, from_base32),
    "u": (to_base64url, from_base64url),
    "z": (to_base58, from_base58),
}


def to_multibase(prefix: Base, data: bytes) -> str:
    """Text that says by its first letter how to read it."""
    encode, _ = BASES[prefix]
    return prefix + encode(data)


def from_multibase(text: str) -> bytes:
    base = BASES.get(text[:1])
    if base is None:
        raise NotEncoded(f"{text[:1]!r} stands for no base that is read here; {', '.join(BASES)} do")
    _, decode = base
    return decode(text[1:])


# --- unsigned varints ------------------------------------------------------------------------------


def to_varint(number: int) -> bytes:
    """Seven bits in a byte, the lowest first; all bytes but the last have the eighth set."""
    if not 0 <= number < 1 << 7 * LONGEST_VARINT:
        raise ValueError(f"{number} does not fit into a varint")
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*encoded, number))


def from_varint(data: bytes) -> tuple[int, bytes]:
    """The number that the bytes begin with, and the bytes after it."""
    number = 0
    for place, byte in enumerate(data[:LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if byte == 0 and place > 0:
                raise NotEncoded("a varint is written with as few bytes as it can be")
            return number, data[place + 1 :]
    raise NotEncoded(f"no varint ends within {min(len(data), LONGEST_VARINT)} bytes")
