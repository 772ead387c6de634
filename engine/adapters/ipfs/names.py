"""IPNS: a name that is a public key, and leads to what its owner last signed. A convenience and a hint.

Records are made and signed here, so that no key ever gets to a node; it passes them on, or only keeps them
when it is alone. What a node answers is verified against the name, and whoever asks still verifies what the
record leads to. See https://specs.ipfs.tech/ipns/ipns-record/.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from engine.adapters.ipfs.limits import NodeLimits
from engine.adapters.ipfs.rpc import NodeRefused, Rpc
from engine.core.blocks.dag_cbor import decode, encode
from engine.core.blocks.errors import BlockError
from engine.core.cids import Cid, NotACid, cid_text, read_cid
from engine.core.multiformats import NotEncoded, from_multibase, from_varint, to_multibase, to_varint
from engine.ports import StoreUnavailable

Sign = Callable[[bytes], bytes]
"""Ed25519, with the key that is the name."""

LARGEST_RECORD = 10 << 10
"""Bytes, as the specification has it."""
TTL = timedelta(minutes=5)
"""For how long others may keep a record without asking for a newer one."""

LONGEST_NAME = 128
"""Characters; more than any name has."""

_KEY_PREFIX = b"\x08\x01\x12\x20"
"""Of a public key in libp2p's form: Ed25519, 32 bytes."""
_NAME_PREFIX = b"\x01\x72\x00\x24"
"""Of a CID that is such a key itself: version 1, libp2p-key, identity, 36 bytes."""
_SIGNED_WITH = b"ipns-signature:"
_PATH = "/ipfs/"
_SIGNATURE, _DATA = 8, 9
"""Fields of a record that count; the others repeat them in an older form."""
_UNTIL = "%Y-%m-%dT%H:%M:%S"


class BadRecord(ValueError):
    """A record that is none of this name's. The message says why."""


class BadName(ValueError):
    """A text that is no name. The message says what one looks like."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a name leads to, and how new that is."""

    cid: Cid
    sequence: int
    until: datetime


def ipns_name(public_key: bytes) -> str:
    """The name, as it stands behind /ipns/."""
    return to_multibase("b", _NAME_PREFIX + _KEY_PREFIX + public_key)


def read_ipns_name(text: str) -> bytes:
    """The key that a name is, also in the spelling of Kubo (k51…) or as a path. Raises `BadName`."""
    name = text.strip().removeprefix("ipns://").removeprefix("/ipns/")
    try:
        data = _from_base36(name[1:]) if name[:1] == "k" else from_multibase(name)
    except (NotEncoded, ValueError):
        data = b""
    prefix = _NAME_PREFIX + _KEY_PREFIX
    if len(name) > LONGEST_NAME or len(data) != len(prefix) + 32 or not data.startswith(prefix):
        raise BadName(f"{text[:LONGEST_NAME]!r} is no name of IPNS that is an Ed25519 key (bafzaa… or k51…)")
    return data[len(prefix) :]


def make_record(pointer: Pointer, sign: Sign) -> bytes:
    """A record in its present form (V2 only)."""
    data = encode(
        {
            "Value": (_PATH + cid_text(pointer.cid)).encode(),
            "Validity": f"{pointer.until.astimezone(UTC):{_UNTIL}}.000000000Z".encode(),
            "ValidityType": 0,
            "Sequence": pointer.sequence,
            "TTL": TTL // timedelta(microseconds=1) * 1_000,
        }
    )
    return _field(_SIGNATURE, sign(_SIGNED_WITH + data)) + _field(_DATA, data)


def read_record(record: bytes, public_key: bytes, now: datetime) -> Pointer:
    """Where it leads, if the name's owner says so and still does. Raises `BadRecord`."""
    if len(record) > LARGEST_RECORD:
        raise BadRecord(f"a record of {len(record):,} bytes; the largest has {LARGEST_RECORD:,}")
    fields = dict(_fields(record))
    signature, data = fields.get(_SIGNATURE, b""), fields.get(_DATA, b"")
    try:
        VerifyKey(public_key).verify(_SIGNED_WITH + data, signature)
    except (CryptoError, ValueError):
        raise BadRecord("it is not signed with the key that the name is") from None
    pointer = _read_pointer(data)
    if pointer.until < now:
        raise BadRecord(f"it was good until {pointer.until:%Y-%m-%d %H:%M} UTC")
    return pointer


class IpnsNames:
    """Names in one node."""

    def __init__(self, rpc: Rpc, limits: NodeLimits) -> None:
        self._rpc = rpc
        self._limits = limits

    async def publish(self, public_key: bytes, pointer: Pointer, sign: Sign, now: datetime) -> None:
        """Raises `StoreUnavailable`, also when a newer record is known. A node says yes to any record, be it
        older, badly signed, or one that it does not keep; so it is asked for it."""
        options = {"arg": f"/ipns/{ipns_name(public_key)}", "allow-offline": "true"}
        record = _one_piece(make_record(pointer, sign))
        await self._rpc.ask("routing/put", options, self._limits.name_s, body=record)
        found = await self.resolve(public_key, now)
        if found is None:
            raise StoreUnavailable(
                self._rpc.name, "it did not keep the record of a name; does its Routing.Type say none?"
            )
        if (found.sequence, found.cid) != (pointer.sequence, pointer.cid):
            raise StoreUnavailable(
                self._rpc.name,
                f"it has record {found.sequence} of a name, and kept that instead of {pointer.sequence}",
            )

    async def resolve(self, public_key: bytes, now: datetime) -> Pointer | None:
        """None if nobody knows it in time. Raises `BadRecord` and `StoreUnavailable`."""
        options = {"arg": f"/ipns/{ipns_name(public_key)}", "timeout": f"{self._limits.name_s:g}s"}
        try:
            answer = await self._rpc.ask("routing/get", options, self._limits.name_s + 1)
        except NodeRefused as refusal:
            if refusal.status == 500:  # not found, in one of many words
                return None
            raise
        for entry in self._rpc.read_entries("routing/get", answer):
            if isinstance(found := entry.get("Extra"), str) and found:
                return read_record(self._unpack(found), public_key, now)
        return None

    def _unpack(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise StoreUnavailable(self._rpc.name, "routing/get was not answered with a record") from None


async def _one_piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


# --- bytes -----------------------------------------------------------------------------------------


def _read_pointer(data: bytes) -> Pointer:
    try:
        node = decode(data)
        value, until, sequence = node["Value"].decode(), node["Validity"].decode(), node["Sequence"]
        kind = node["ValidityType"]
        if not value.startswith(_PATH) or kind != 0 or type(sequence) is not int or sequence < 0:
            raise BadRecord("it leads to nothing that is a block, or in an unknown way")
        end = datetime.strptime(until[:19], _UNTIL).replace(tzinfo=UTC)
        return Pointer(read_cid(value.removeprefix(_PATH)), sequence, end)
    except (BlockError, NotACid, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadRecord(f"what is signed is no record: {problem}") from None


def _from_base36(digits: str) -> bytes:
    if not digits.isascii() or not digits.isalnum() or len(digits) > LONGEST_NAME:
        raise ValueError("not base36")
    number = int(digits, 36)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _field(number: int, content: bytes) -> bytes:
    """Of a protocol buffer: bytes with their length."""
    return to_varint(number << 3 | 2) + to_varint(len(content)) + content


def _fields(record: bytes) -> Iterator[tuple[int, bytes]]:
    """Those that are bytes; numbers are passed over."""
    left = record
    try:
        while left:
            tag, left = from_varint(left)
            size, left = from_varint(left)
            if tag & 7 == 2:
                if size > len(left):
                    raise BadRecord("it is cut short")
                yield tag >> 3, left[:size]
                left = left[size:]
            elif tag & 7 != 0:
                raise BadRecord("it is no protocol buffer of a record")
    except NotEncoded as problem:
        raise BadRecord(f"it is no protocol buffer: {problem}") from None
