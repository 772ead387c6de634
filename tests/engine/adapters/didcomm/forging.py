"""Envelopes that nobody honest makes: the codec's own steps, with anything changed on the way.

Written apart from `jwe.py`, so that what is wrong with an envelope is only what a test says is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from engine.adapters.didcomm import PrivateKey, new_key, pack_plain, to_jwk
from engine.adapters.didcomm.content_encryption import ENCRYPTIONS, Enc, seal
from engine.adapters.didcomm.jwe import apv_of
from engine.adapters.didcomm.key_agreement import ANON, AUTH, Alg, agree, derive, wrap
from engine.adapters.didcomm.signing import alg_of, sign
from engine.core.didcomm.base64url import decode, encode
from engine.core.didcomm.strict_json import write_json
from tests.engine.adapters.didcomm.people import ALICE, BOB, Dice, Person, message

Change = Callable[[dict[str, Any]], object]


def forge_jwe(
    content: bytes | None = None,
    *,
    alg: Alg = AUTH,
    enc: Enc = "A256CBC-HS512",
    sender: tuple[Person, str] = (ALICE, "x25519"),
    to: tuple[tuple[Person, str], ...] = ((BOB, "x25519"),),
    header: Change = id,
    recipient: Change = id,
    envelope: Change = id,
    content_key: bytes | None = None,
    ephemeral: PrivateKey | None = None,
) -> bytes:
    """`header`, `recipient` and `envelope` change theirs in place before they are used."""
    dice = Dice("forged")
    keys = {who.kid(name): who.keys[who.kid(name)].public for who, name in to}
    ephemeral = ephemeral or new_key(next(iter(keys.values())).curve, dice)
    skid, own = sender[0].kid(sender[1]), sender[0].keys[sender[0].kid(sender[1])]
    told: dict[str, Any] = {"typ": "application/didcomm-encrypted+json", "alg": alg, "enc": enc}
    told |= {"skid": skid, "apu": encode(skid.encode())} if alg == AUTH else {}
    told |= {"apv": encode(apv_of(keys)), "epk": to_jwk(ephemeral.public)}
    header(told)
    protected = encode(write_json(told))
    content_key = content_key or dice(ENCRYPTIONS[enc].key_bytes)
    padded = content_key.ljust(ENCRYPTIONS[enc].key_bytes, b"\0")
    iv = dice(ENCRYPTIONS[enc].iv_bytes)
    text = pack_plain(message()) if content is None else content
    ciphertext, tag = seal(enc, padded, iv, text, protected.encode())
    recipients = []
    for kid, key in keys.items():
        shared = agree(ephemeral, key)
        if alg == AUTH and own.curve == key.curve:
            shared += agree(own, key)
        wrapping_key = derive(alg, shared, _bytes(told.get("apu")), _bytes(told.get("apv")), tag)
        one = {"header": {"kid": kid}, "encrypted_key": encode(wrap(wrapping_key, content_key))}
        recipient(one)
        recipients.append(one)
    whole = {"protected": protected, "recipients": recipients, "iv": encode(iv)}
    whole |= {"ciphertext": encode(ciphertext), "tag": encode(tag)}
    envelope(whole)
    return write_json(whole)


def forge_anon(content: bytes | None = None, **changes: Any) -> bytes:
    return forge_jwe(content, alg=ANON, **changes)


def forge_jws(
    content: bytes | None = None,
    *,
    signer: tuple[Person, str] = (ALICE, "ed25519"),
    header: Change = id,
    signature: Change = id,
    envelope: Change = id,
) -> bytes:
    kid, key = signer[0].kid(signer[1]), signer[0].keys[signer[0].kid(signer[1])]
    told = {"typ": "application/didcomm-signed+json", "kid": kid}
    told |= (
        {"alg": alg_of(key.public)} if key.curve in ("Ed25519", "P-256", "secp256k1") else {"alg": "EdDSA"}
    )
    header(told)
    protected, payload = (
        encode(write_json(told)),
        encode(pack_plain(message()) if content is None else content),
    )
    signed = f"{protected}.{payload}".encode()
    made = sign(key, signed) if key.curve in ("Ed25519", "P-256", "secp256k1") else bytes(64)
    one = {"protected": protected, "signature": encode(made)}
    signature(one)
    whole = {"payload": payload, "signatures": [one]}
    envelope(whole)
    return write_json(whole)


def forge_plain(**changes: Any) -> bytes:
    """A plaintext as JSON, with members set, or left out where they are `...`."""
    value: dict[str, Any] = json.loads(pack_plain(message())) | changes
    return json.dumps({name: value[name] for name in value if value[name] is not ...}).encode()


def put(**members: Any) -> Change:
    """Members to set, or to leave out where they are `...`."""

    def change(value: dict[str, Any]) -> None:
        for name, member in members.items():
            if member is ...:
                del value[name]
            else:
                value[name] = member

    return change


def flip(name: str) -> Change:
    """One bit of a base64url member."""

    def change(value: dict[str, Any]) -> None:
        data = bytearray(decode(value[name], name))
        data[len(data) // 2] ^= 1
        value[name] = encode(bytes(data))

    return change


def also(value: bytes, **members: Any) -> bytes:
    return write_json({**json.loads(value), **members})


def _bytes(text: object) -> bytes:
    return decode(text, "text") if isinstance(text, str) else b""
