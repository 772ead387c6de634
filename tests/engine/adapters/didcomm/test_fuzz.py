"""Whatever bytes arrive, unpacking answers a message, a refusal or the want of a document, and nothing else.

Valid envelopes of every kind are damaged in one or several places, inside their encoded and encrypted parts
too, and JSON is made up: 20,000 examples at every run. What still opens must be exactly what was packed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.didcomm import (
    BadMessage,
    Needs,
    Refused,
    Unpacked,
    pack_anoncrypt,
    pack_authcrypt,
    pack_plain,
    pack_signed,
    read_rotation,
    unpack,
)
from engine.core.didcomm.base64url import decode, encode
from tests.campaign import examples
from tests.engine.adapters.didcomm.forging import forge_anon, forge_jwe
from tests.engine.adapters.didcomm.people import ALICE, BOB, NOW_S, Dice, keyring, message

RING = keyring(BOB)
ALICES = keyring(ALICE)
FULL = message(
    thid="t",
    pthid="p",
    expires_time=NOW_S + 60,
    from_prior="a.b.c",
    headers={"lang": "de", "return_route": "all"},
)

PACKED: Mapping[str, bytes] = {
    "plain": pack_plain(FULL),
    "signed": pack_signed(FULL, ALICE.kid("ed25519"), ALICES),
    "anoncrypt": pack_anoncrypt(FULL, BOB.did, ALICES, enc="XC20P", draw=Dice("1")),
    "anoncrypt on P-256": pack_anoncrypt(FULL, BOB.kid("p256"), ALICES, enc="A256GCM", draw=Dice("2")),
    "authcrypt": pack_authcrypt(FULL, BOB.did, ALICES, draw=Dice("3")),
    "hidden": pack_authcrypt(FULL, BOB.did, ALICES, hide_sender=True, draw=Dice("4")),
    "signed and encrypted": pack_anoncrypt(
        FULL, BOB.did, ALICES, signer=ALICE.kid("ed25519"), draw=Dice("5")
    ),
}

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1e300,
    "",
    "x",
    "did:x:y",
    "did:x:y#z",
    [],
    {},
    [[]],
    {"kid": 1},
    "\u2028",
    "A" * 9000,
]
"""What stands where something else belongs."""


def answer(envelope: bytes) -> Unpacked | None:
    """What unpacking says; any other exception is the failure that is looked for."""
    try:
        unpacked = unpack(envelope, RING, NOW_S)
        read_rotation(unpacked, RING, NOW_S)
    except Needs:
        return None
    except Refused:
        return None
    return unpacked


# --- damage ----------------------------------------------------------------------------------------


def damage_bytes(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, lost, repeated or put in."""
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        place, length = rng.randrange(len(damaged) + 1), rng.choice([1, 1, 2, 8, 40])
        match rng.randrange(4):
            case 0 if place < len(damaged):
                damaged[place] ^= 1 << rng.randrange(8)
            case 1:
                del damaged[place : place + length]
            case 2:
                damaged[place:place] = damaged[place : place + length]
            case _:
                damaged[place:place] = rng.choice([b'"', b"{", b"}", b",", b"\\u", b"\xff", b"[" * 80, b"0"])
    return bytes(damaged)


def damage_value(value: Any, rng: random.Random) -> Any:
    """Something somewhere in a JSON value is another thing, gone or there twice; also inside base64url."""
    match value:
        case dict() if value:
            name = rng.choice(list(value))
            match rng.randrange(8):
                case 0:
                    return {one: value[one] for one in value if one != name}
                case 1:
                    return {rng.choice(["alg", "crit", "to", "header", name + " "]): value[name], **value}
                case 2:
                    other = rng.choice(list(value))
                    return value | {name: value[other], other: value[name]}
                case _:
                    return value | {name: damage_value(value[name], rng)}
        case list() if value and rng.random() < 0.7:
            place = rng.randrange(len(value))
            return [*value[:place], damage_value(value[place], rng), *value[place + rng.randrange(2) :]]
        case str() if len(value) > 3 and rng.random() < 0.8:
            return _damage_text(value, rng)
    return rng.choice(ODD)


def _damage_text(text: str, rng: random.Random) -> str:
    """Encoded JSON is damaged inside, and bytes as bytes."""
    try:
        data = decode(text, "text")
    except Refused:
        place = rng.randrange(len(text))
        return text[:place] + rng.choice(["", "#", "é", "x", text]) + text[place + 1 :]
    try:
        return encode(json.dumps(damage_value(json.loads(data), rng)).encode())
    except ValueError:
        return encode(damage_bytes(data, rng))


def damage(envelope: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return damage_bytes(envelope, rng)
    value = json.loads(envelope)
    for _ in range(rng.choice([1, 1, 2])):
        value = damage_value(value, rng)
    return json.dumps(value).encode()


CHANCE = st.integers(0, 2**64 - 1).map(random.Random)


@pytest.mark.parametrize("kind", PACKED)
@settings(max_examples=examples(2300))
@given(CHANCE)
def test_a_damaged_envelope_opens_to_nothing_else_than_what_was_packed(kind: str, rng: random.Random) -> None:
    """Whatever has a proven sender says what that sender wrote, or it is refused."""
    unpacked = answer(damage(PACKED[kind], rng))
    if unpacked is not None and unpacked.sender is not None:
        assert unpacked.message == FULL
        assert unpacked.sender == ALICE.did


@pytest.mark.parametrize("forge", [forge_anon, forge_jwe])
@settings(max_examples=examples(1000))
@given(CHANCE)
def test_a_damaged_message_in_an_envelope_breaks_nothing(forge: Any, rng: random.Random) -> None:
    """Behind the encryption sits the same decoder, and people who can encrypt."""
    unpacked = answer(forge(damage(PACKED[rng.choice(["plain", "signed"])], rng)))
    assert unpacked is None or unpacked.recipient == BOB.kid("x25519")


# --- made up ---------------------------------------------------------------------------------------

NAMES = """
id type typ from to thid body attachments data json links hash jws created_time expires_time from_prior
payload signatures signature protected header kid alg enc epk skid apu apv recipients encrypted_key
ciphertext tag iv crit zip unprotected aad
""".split()  # noqa: SIM905 – as a list of texts it would be longer than the screen
LEAVES: list[Any] = [
    *ODD,
    *(ALICE.did, BOB.did, BOB.kid("x25519"), ALICE.kid("ed25519"), "https://example.org/x/1.0/y"),
    *("EdDSA", "ECDH-ES+A256KW", "XC20P", "AAAA", 2**70, float("nan"), float("inf"), "\ud800"),
    *(encode(b'{"alg":"EdDSA"}'), encode(b'{"alg":"ECDH-ES+A256KW","enc":"XC20P"}')),
]


def make_up(rng: random.Random, depth: int) -> Any:
    """Any JSON value with the right names in it."""
    kind = rng.random()
    if depth > 4 or kind < 0.5:
        return rng.choice(LEAVES)
    if kind < 0.7:
        return [make_up(rng, depth + 1) for _ in range(rng.randrange(4))]
    return make_up_object(rng, depth + 1)


def make_up_object(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    return {rng.choice(NAMES): make_up(rng, depth) for _ in range(rng.randrange(8))}


@settings(max_examples=examples(1000))
@given(CHANCE)
def test_made_up_envelopes_break_nothing(rng: random.Random) -> None:
    """Objects with the right names and anything else in them."""
    answer(json.dumps(make_up_object(rng)).encode())


@settings(max_examples=examples(600))
@given(CHANCE)
def test_made_up_parts_break_nothing(rng: random.Random) -> None:
    """Valid envelopes with made up members, and messages with made up members that are encrypted."""
    for kind in ("signed", "authcrypt"):
        answer(json.dumps(json.loads(PACKED[kind]) | make_up_object(rng)).encode())
    answer(forge_anon(json.dumps(json.loads(PACKED["plain"]) | make_up_object(rng)).encode()))


@settings(max_examples=examples(300))
@given(st.binary(max_size=200))
def test_bytes_break_nothing(data: bytes) -> None:
    """Neither as an envelope nor inside of one."""
    answer(data)
    answer(forge_anon(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(st.text(min_size=1), JSON, max_size=3))
def test_what_can_be_packed_comes_out_equal(body: dict[str, Any], headers: dict[str, Any]) -> None:
    """Any text, any number, any header that is not the specification's own."""
    sent = message(body=body, headers=headers)
    try:
        packed = pack_authcrypt(sent, BOB.did, ALICES)
    except BadMessage:
        return
    assert unpack(packed, RING, NOW_S).message == sent
