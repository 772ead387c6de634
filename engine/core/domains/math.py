"""The module `math`: rounding, base64, hashes.

What is no number gives null, as everywhere in the language; only a wrong algorithm or encoding, which
is a mistake in the text of the ruleset, is a fault. The hash algorithms are the same in every engine.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.core.world import World
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import TypeFault
from pico_lang.host import Member
from pico_lang.meter import Meter
from pico_lang.values import Value

# --- rounding --------------------------------------------------------------------------------------

MOST_DECIMALS = 292
"""Beyond it, either way, doubles have no digits left to round."""


def abs_(meter: Meter, number: Value) -> Value:
    value = _number(number)
    return None if value is None else abs(value)


def ceiling(meter: Meter, number: Value, precision: Value) -> Value:
    return _rounded(number, precision, math.ceil)


def floor(meter: Meter, number: Value, precision: Value) -> Value:
    return _rounded(number, precision, math.floor)


def round_(meter: Meter, number: Value, precision: Value) -> Value:
    """Halves go up, towards plus infinity."""
    return _rounded(number, precision, _half_up)


def int_(meter: Meter, number: Value) -> Value:
    """Without its decimals: towards zero."""
    return _rounded(number, None, math.trunc)


def _number(value: Value) -> float | None:
    """Unlike elsewhere, an array or a map is not its size here."""
    return None if isinstance(value, list | dict) else to_number(value)


def _half_up(number: Decimal) -> int:
    whole = math.floor(number)
    return whole + (number - whole >= Decimal("0.5"))


def _rounded(number: Value, precision: Value, to_whole: Callable[[Decimal], int]) -> float | None:
    """Rounds the number as it is printed: 1.005 has a half to round, though its double is a bit less."""
    value = _number(number)
    if value is None or not math.isfinite(value):
        return value
    decimals = _decimals(precision)
    whole = to_whole(Decimal(repr(value)).scaleb(decimals))
    return float(f"{whole}e{-decimals}")


def _decimals(precision: Value) -> int:
    decimals = _number(precision)
    return 0 if decimals is None else int(max(-MOST_DECIMALS, min(MOST_DECIMALS, decimals)))


# --- base64 ----------------------------------------------------------------------------------------


def base64encode(meter: Meter, text: Value) -> Value:
    """Of the text in UTF-8."""
    string = to_string(text)
    meter.check_string(len(string) * 4 // 3)
    return base64.b64encode(_utf8(string)).decode("ascii")


def base64decode(meter: Meter, text: Value) -> Value:
    """The text that was encoded; both alphabets, characters of neither are passed over."""
    string = to_string(text)
    meter.check_string(len(string))
    digits = re.sub(r"[^A-Za-z0-9+/]", "", string.partition("=")[0].replace("-", "+").replace("_", "/"))
    # One digit left over says nothing: it takes two to make a byte.
    whole = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")


_SURROGATE = re.compile("[\ud800-\udfff]")


def _utf8(text: str) -> bytes:
    """Half of a character, which strings of the language may hold, has no bytes: it becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text).encode()


# --- hashes ----------------------------------------------------------------------------------------

ALGORITHMS: Mapping[str, str] = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3-224": "sha3_224",
    "sha3-256": "sha3_256",
    "sha3-384": "sha3_384",
    "sha3-512": "sha3_512",
    "blake2b512": "blake2b",
    "blake2s256": "blake2s",
}
"""Names as rulesets know them, and as the standard library does on every platform."""


def hash_(meter: Meter, algorithm: Value, text: Value, encoding: Value) -> Value:
    found = _algorithm(algorithm)
    string = to_string(text)
    meter.check_string(len(string))
    return _digest(hashlib.new(found, _utf8(string), usedforsecurity=False).digest(), encoding)


def hmac_(meter: Meter, algorithm: Value, key: Value, message: Value, encoding: Value) -> Value:
    if not isinstance(key, str):
        raise TypeFault(f"math:hmac needs a key that is a string, not {to_string(key)}")
    found = _algorithm(algorithm)
    string = to_string(message)
    meter.check_string(len(string) + len(key))
    return _digest(hmac.digest(_utf8(key), _utf8(string), found), encoding)


def hash_algorithms(meter: Meter) -> Value:
    return list(ALGORITHMS)


def _algorithm(name: Value) -> str:
    if not isinstance(name, str) or name not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise TypeFault(f"{to_string(name)} is no hash algorithm; math:hashAlgorithms lists {known}")
    return ALGORITHMS[name]


def _digest(digest: bytes, encoding: Value) -> str:
    if encoding is None or encoding in ("hex", ""):
        return digest.hex()
    if encoding == "base64":
        return base64.b64encode(digest).decode("ascii")
    raise TypeFault(f'the encoding of a hash is "hex" or "base64", not {to_string(encoding)}')


# --- the module ------------------------------------------------------------------------------------

FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": abs_,
    "ceiling": ceiling,
    "floor": floor,
    "round": round_,
    "int": int_,
    "base64encode": base64encode,
    "base64decode": base64decode,
    "hash": hash_,
    "hmac": hmac_,
    "hashAlgorithms": hash_algorithms,
    "hashFunctions": hash_algorithms,
}

MEMBERS: Mapping[str, Member] = {
    "abs": Member("function", ("number",)),
    "ceiling": Member("function", ("number", "precision")),
    "floor": Member("function", ("number", "precision")),
    "round": Member("function", ("number", "precision")),
    "int": Member("function", ("number",)),
    "base64encode": Member("function", ("str",)),
    "base64decode": Member("function", ("str",)),
    "hash": Member("function", ("algorithm", "str", "encoding")),
    "hmac": Member("function", ("algorithm", "key", "message", "encoding")),
    "hashAlgorithms": Member("property"),
    "hashFunctions": Member("function"),
}


def _metered(function: Callable[..., Value]) -> Callable[..., Value]:
    def call(world: World, *arguments: Value) -> Value:
        return function(world.run.meter, *arguments)

    return call


CALLS: Mapping[str, Callable[..., Value]] = {name: _metered(one) for name, one in FUNCTIONS.items()}
