"""Which credentials are revoked: a Bitstring Status List (W3C, 1.0), itself a credential of the issuer.

One bit for each place, the first one leftmost; compressed, and as large as if all places were taken, so that
a list says little about how many there are. It is a JWT and ends after a while, so that an old list cannot
hide for ever what a newer one says.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable

from engine.adapters.credentials.documents import REVOCATION, Credential
from engine.adapters.credentials.refusals import NotRelied
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

LIST_TYPE = "BitstringStatusListCredential"
SUBJECT_TYPE = "BitstringStatusList"
PLACES = 1 << 17
"""In each of our lists: the least that the specification allows."""
MOST_BYTES = 1 << 20
"""Of a list of somebody else's, unpacked."""


def to_list(
    name: str, issuer: str, revoked: Iterable[int], valid_from_s: int, valid_until_s: int
) -> Credential:
    """`name` is the list's URI, as it stands in the credentials that have places in it."""
    claims = {"type": SUBJECT_TYPE, "statusPurpose": REVOCATION, "encodedList": pack_bits(revoked)}
    return Credential(name, issuer, f"{name}#list", (LIST_TYPE,), claims, valid_from_s, valid_until_s)


def pack_bits(places: Iterable[int]) -> str:
    bits = bytearray(PLACES // 8)
    for place in places:
        bits[place // 8] |= 0x80 >> place % 8
    return to_multibase("u", gzip.compress(bits, mtime=0))


def is_set(encoded: object, place: int) -> bool:
    bits = _unpack_bits(encoded)
    if place // 8 >= len(bits):
        raise NotRelied("status-unknown", f"the status list has no place {place}")
    return bool(bits[place // 8] & 0x80 >> place % 8)


def _unpack_bits(encoded: object) -> bytes:
    """With a bound: some kilobytes can unpack to gigabytes."""
    try:
        packed = from_multibase(encoded) if isinstance(encoded, str) and encoded[:1] == "u" else b""
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        bits = unpacking.decompress(packed, MOST_BYTES)
    except (NotEncoded, zlib.error):
        raise NotRelied("status-unknown", "the status list cannot be unpacked") from None
    if not unpacking.eof:
        raise NotRelied("status-unknown", "the status list is larger than is read here, or not whole")
    return bits


def check_list(found: Credential, name: str, issuer: str, place: int) -> None:
    """Whether it is the list that was asked for, and what it says. The proof and dates were looked at."""
    claims = found.claims
    is_list = LIST_TYPE in found.types and claims.get("type") == SUBJECT_TYPE
    if not is_list or claims.get("statusPurpose") != REVOCATION or found.id != name:
        raise NotRelied("status-unknown", f"what is at hand as {name[:100]} is not that status list")
    if found.issuer != issuer:
        raise NotRelied("status-unknown", f"the status list is by {found.issuer[:100]}, not by the issuer")
    if found.valid_until_s is None:
        raise NotRelied("status-unknown", "a status list that never ends could be an old one")
    if is_set(claims.get("encodedList"), place):
        raise NotRelied("revoked", "its issuer has revoked it")
