"""Envelopes of people who mean harm, or do not know what they do: each kind is refused, with its code.

Most are well made but for the one thing that their name says, so that nothing else can be why.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.adapters.didcomm import Keyring, Needs, Refused, new_key, pack_signed, to_jwk, unpack
from engine.core.didcomm.base64url import decode, encode
from engine.core.didcomm.limits import LIMITS
from engine.core.didcomm.refused import Code
from engine.core.didcomm.strict_json import write_json
from tests.engine.adapters.didcomm.forging import (
    also,
    flip,
    forge_anon,
    forge_jwe,
    forge_jws,
    forge_plain,
    put,
)
from tests.engine.adapters.didcomm.people import (
    ALICE,
    BOB,
    DOCUMENTS,
    EVE,
    NOW_S,
    Dice,
    Person,
    keyring,
    message,
)

P256: dict[str, Any] = {"to": ((BOB, "p256"),), "sender": (ALICE, "p256")}
ON_P256 = to_jwk(new_key("P-256", Dice("epk")).public)
EPHEMERAL = to_jwk(new_key("X25519", Dice("another epk")).public)
ZERO = encode(bytes(32))
SIGNED = json.loads(forge_jws())
ENCRYPTED = json.loads(forge_jwe())

BYTES: Mapping[str, tuple[Code, bytes]] = {
    "nothing": ("e.p.msg", b""),
    "no UTF-8": ("e.p.msg", b'{"type":"\xff"}'),
    "no JSON": ("e.p.msg", b"didcomm"),
    "a byte order mark": ("e.p.msg", b"\xef\xbb\xbf" + forge_plain()),
    "something after the JSON": ("e.p.msg", forge_plain() + b"{}"),
    "a list": ("e.p.msg", b"[" + forge_plain() + b"]"),
    "a text": ("e.p.msg", json.dumps(forge_plain().decode()).encode()),
    "a number that is none": ("e.p.msg", forge_plain(body={"n": float("nan")})),
    "a number beyond all": ("e.p.msg", forge_plain(body=0).replace(b'"body": 0', b'"body": {"n": 1e999}')),
    "a number of 5,000 digits": ("e.p.msg", b'{"type":' + b"9" * 5000 + b"}"),
    "a name that stands twice": ("e.p.msg", forge_plain()[:-1] + b', "from": "did:example:eve"}'),
    "a name that stands twice deep inside": (
        "e.p.msg",
        forge_plain(body=0).replace(b'"body": 0', b'"body": {"a": [{"b": 1, "b": 2}]}'),
    ),
    "half a surrogate pair": ("e.p.msg", forge_plain(body={"\ud800": 1})),
    "nested too deeply": ("e.p.me.res.storage", b'{"type":' + b"[" * 500_000),
    "nested too deeply, in pairs": ("e.p.me.res.storage", b'{"a":' * 65 + b"1" + b"}" * 65),
    "too many things": ("e.p.me.res.storage", b'{"type":[' + b"[]," * 100_000 + b"[]]}"),
    "quotes that never end": ("e.p.msg", b"[]" * 65 + b'"' + b'\\"' * 400_000),
    "more bytes than are taken": ("e.p.me.res.storage", forge_plain(body={"x": "x" * (1 << 20)})),
    "neither this nor that": ("e.p.msg", b"{}"),
    "encrypted and signed at once": ("e.p.msg", write_json(SIGNED | ENCRYPTED)),
    "signed and plain at once": ("e.p.msg", also(forge_plain(), **SIGNED)),
}

ENVELOPES: Mapping[str, tuple[Code, bytes]] = {
    "no protected header": ("e.p.msg", forge_jwe(envelope=put(protected=...))),
    "a padded header": ("e.p.msg", forge_jwe(envelope=lambda e: put(protected=e["protected"] + "=")(e))),
    "base64 instead of base64url": ("e.p.msg", forge_jwe(envelope=put(ciphertext="+/+/"))),
    "base64url with spare bits": ("e.p.msg", forge_jwe(envelope=put(tag="AB"))),
    "base64url of impossible length": ("e.p.msg", forge_jwe(envelope=put(tag="ABCDE"))),
    "base64url that is not ASCII": ("e.p.msg", forge_jwe(envelope=put(iv="éééé"))),
    "a header that is a list": ("e.p.msg", forge_jwe(envelope=put(protected=encode(b"[]")))),
    "a header with a name twice": (
        "e.p.msg",
        forge_jwe(envelope=put(protected=encode(b'{"alg":"ECDH-ES+A256KW","alg":"ECDH-1PU+A256KW"}'))),
    ),
    "a header of a million bytes": (
        "e.p.me.res.storage",
        forge_jwe(header=put(x="x" * (LIMITS.header_bytes + 1))),
    ),
    "crit": ("e.p.msg", forge_jwe(header=put(crit=["exp"], exp=1))),
    "an empty crit": ("e.p.msg", forge_jwe(header=put(crit=[]))),
    "a compressed content": ("e.p.msg", forge_jwe(header=put(zip="DEF"))),
    "another typ": ("e.p.msg", forge_jwe(header=put(typ="application/didcomm-plain+json"))),
    "a typ that is no text": ("e.p.msg", forge_jwe(header=put(typ=1))),
    "alg none": ("e.p.trust.crypto", forge_jwe(header=put(alg="none"))),
    "alg without wrapping": ("e.p.trust.crypto", forge_jwe(header=put(alg="ECDH-1PU"))),
    "alg dir": ("e.p.trust.crypto", forge_jwe(header=put(alg="dir"))),
    "alg that is a list": ("e.p.trust.crypto", forge_jwe(header=put(alg=["ECDH-1PU+A256KW"]))),
    "no alg": ("e.p.trust.crypto", forge_jwe(header=put(alg=...))),
    "no enc": ("e.p.trust.crypto", forge_jwe(header=put(enc=...))),
    "no enc, anonymously": ("e.p.trust.crypto", forge_anon(header=put(enc=...))),
    "an enc that is a list, anonymously": ("e.p.trust.crypto", forge_anon(header=put(enc=["XC20P"]))),
    "a shorter enc": ("e.p.trust.crypto", forge_jwe(header=put(enc="A128CBC-HS256"))),
    "authcrypt with XC20P": ("e.p.trust.crypto", forge_jwe(enc="XC20P")),
    "authcrypt with A256GCM": ("e.p.trust.crypto", forge_jwe(enc="A256GCM")),
    "headers that nothing protects": ("e.p.msg", also(forge_jwe(), unprotected={"alg": "none"})),
    "data that is only authenticated": ("e.p.msg", also(forge_jwe(), aad="AAAA")),
    "a flattened JWE": (
        "e.p.msg",
        forge_jwe(envelope=lambda e: e.update(e.pop("recipients")[0])),
    ),
    "no recipients": ("e.p.msg", forge_jwe(envelope=put(recipients=[]))),
    "recipients that are an object": ("e.p.msg", forge_jwe(envelope=put(recipients={}))),
    "recipients that are texts": ("e.p.msg", forge_jwe(envelope=put(recipients=["bob"]))),
    "a recipient without a header": ("e.p.msg", forge_jwe(recipient=put(header=...))),
    "a recipient without a key": ("e.p.msg", forge_jwe(recipient=put(encrypted_key=...))),
    "65 recipients": (
        "e.p.me.res.storage",
        forge_jwe(
            envelope=lambda e: put(
                recipients=[
                    e["recipients"][0] | {"header": {"kid": f"{BOB.did}#{number}"}} for number in range(65)
                ]
            )(e)
        ),
    ),
    "a recipient twice": ("e.p.msg", forge_jwe(envelope=lambda e: put(recipients=e["recipients"] * 2)(e))),
    "recipients of two DIDs": ("e.p.msg", forge_jwe(to=((BOB, "x25519"), (EVE, "x25519")))),
    "a kid that is no DID": ("e.p.msg", forge_jwe(recipient=put(header={"kid": "bob#x25519"}))),
    "a kid without the name of a key": ("e.p.msg", forge_jwe(recipient=put(header={"kid": BOB.did}))),
    "a kid that is a number": ("e.p.msg", forge_jwe(recipient=put(header={"kid": 1}))),
    "a kid that is protected": ("e.p.msg", forge_jwe(header=put(kid=BOB.kid("x25519")))),
    "enc beside the recipient": (
        "e.p.msg",
        forge_anon(recipient=lambda r: r["header"].update(enc="XC20P")),
    ),
    "crit beside the recipient": (
        "e.p.msg",
        forge_anon(recipient=lambda r: r["header"].update(crit=["x"], x=1)),
    ),
    "alg in two headers": (
        "e.p.msg",
        forge_anon(recipient=lambda r: r["header"].update(alg="ECDH-ES+A256KW")),
    ),
    "authcrypt with its apv unprotected": (
        "e.p.msg",
        forge_jwe(header=put(apv=...), recipient=lambda r: r["header"].update(apv=ZERO)),
    ),
    "authcrypt with its apu unprotected": (
        "e.p.msg",
        forge_jwe(header=put(apu=...), recipient=lambda r: r["header"].update(apu=ZERO)),
    ),
    "authcrypt with somebody's epk beside the recipient": (
        "e.p.trust.crypto",
        forge_jwe(header=put(epk=...), recipient=lambda r: r["header"].update(epk=EPHEMERAL)),
    ),
    "a kid of 10,000 characters": (
        "e.p.msg",
        forge_jwe(recipient=put(header={"kid": BOB.kid("x" * 10_000)})),
    ),
    "authcrypt that calls itself so unprotected": (
        "e.p.msg",
        forge_jwe(header=put(alg=...), recipient=lambda r: r["header"].update(alg="ECDH-1PU+A256KW")),
    ),
    "anoncrypt with a sender": ("e.p.msg", forge_anon(header=put(skid=ALICE.kid("x25519")))),
    "no apu": ("e.p.msg", forge_jwe(header=put(apu=...))),
    "apu of another": ("e.p.trust", forge_jwe(header=put(apu=encode(EVE.kid("x25519").encode())))),
    "apu that is no text": ("e.p.msg", forge_jwe(header=put(skid=..., apu=encode(b"\xff")))),
    "skid that is no key": ("e.p.msg", forge_jwe(header=put(skid="alice", apu=encode(b"alice")))),
    "skid that is a list": ("e.p.msg", forge_jwe(header=put(skid=[ALICE.kid("x25519")]))),
    "authcrypt without apv": ("e.p.msg", forge_jwe(header=put(apv=...))),
    "apv of others": ("e.p.trust", forge_jwe(header=put(apv=encode(bytes(32))))),
    "apv of others, anonymously": ("e.p.trust", forge_anon(header=put(apv=encode(bytes(32))))),
}

KEYS: Mapping[str, tuple[Code, bytes]] = {
    "no epk": ("e.p.msg", forge_jwe(header=put(epk=...))),
    "epk that is a text": ("e.p.msg", forge_jwe(header=put(epk="AAAA"))),
    "epk with its private half": (
        "e.p.msg",
        forge_jwe(header=put(epk={"kty": "OKP", "crv": "X25519", "x": ZERO, "d": ZERO})),
    ),
    "epk on another curve": ("e.p.trust.crypto", forge_jwe(header=put(epk=ON_P256))),
    "epk of another kind than its curve": (
        "e.p.trust.crypto",
        forge_jwe(**P256, header=put(epk=ON_P256 | {"kty": "OKP"})),
    ),
    "epk beside its curve": (
        "e.p.trust.crypto",
        forge_jwe(**P256, header=put(epk=ON_P256 | {"y": ON_P256["x"]})),
    ),
    "epk at infinity": (
        "e.p.trust.crypto",
        forge_jwe(**P256, header=put(epk=ON_P256 | {"x": ZERO, "y": ZERO})),
    ),
    "epk with a coordinate beyond the field": (
        "e.p.trust.crypto",
        forge_jwe(**P256, header=put(epk=ON_P256 | {"x": encode(b"\xff" * 32)})),
    ),
    "epk with a short coordinate": (
        "e.p.trust.crypto",
        forge_jwe(**P256, header=put(epk=ON_P256 | {"x": encode(b"\1")})),
    ),
    "epk without a coordinate": (
        "e.p.trust.crypto",
        forge_jwe(**P256, header=put(epk={"kty": "EC", "crv": "P-256", "x": ZERO})),
    ),
    "epk of 32 zeros": (
        "e.p.trust.crypto",
        forge_jwe(header=put(epk={"kty": "OKP", "crv": "X25519", "x": ZERO})),
    ),
    "epk of order 8": (
        "e.p.trust.crypto",
        forge_jwe(
            header=put(
                epk={
                    "kty": "OKP",
                    "crv": "X25519",
                    "x": encode(
                        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
                    ),
                }
            )
        ),
    ),
    "epk of 31 bytes": (
        "e.p.trust.crypto",
        forge_jwe(header=put(epk={"kty": "OKP", "crv": "X25519", "x": encode(bytes(31))})),
    ),
    "a sender's key for signing": ("e.p.trust", forge_jwe(sender=(ALICE, "ed25519"))),
    "a sender's key that is not listed": (
        "e.p.trust",
        forge_jwe(header=put(skid=ALICE.kid("no"), apu=encode(ALICE.kid("no").encode()))),
    ),
    "a sender's key on another curve": ("e.p.trust.crypto", forge_jwe(sender=(ALICE, "p256"))),
    "a sender whose key was not used": (
        "e.p.trust.crypto",
        forge_jwe(
            sender=(EVE, "x25519"),
            header=put(skid=ALICE.kid("x25519"), apu=encode(ALICE.kid("x25519").encode())),
        ),
    ),
    "for none of our keys": ("e.p.trust.crypto", forge_jwe(to=((EVE, "x25519"),))),
    "for a signing key of ours": (
        "e.p.trust.crypto",
        forge_jwe(recipient=put(header={"kid": BOB.kid("ed25519")})),
    ),
    "a changed ciphertext": ("e.p.trust.crypto", forge_jwe(envelope=flip("ciphertext"))),
    "a changed iv": ("e.p.trust.crypto", forge_jwe(envelope=flip("iv"))),
    "a changed tag": ("e.p.trust.crypto", forge_jwe(envelope=flip("tag"))),
    "a changed content key": ("e.p.trust.crypto", forge_jwe(recipient=flip("encrypted_key"))),
    "a changed anonymous ciphertext": (
        "e.p.trust.crypto",
        forge_anon(enc="XC20P", envelope=flip("ciphertext")),
    ),
    "a changed anonymous tag": ("e.p.trust.crypto", forge_anon(enc="A256GCM", envelope=flip("tag"))),
    "a header with a space more": (
        "e.p.trust.crypto",
        forge_jwe(
            envelope=lambda e: put(protected=encode(decode(e["protected"], "p").replace(b",", b", ")))(e)
        ),
    ),
    "no ciphertext": ("e.p.trust.crypto", forge_jwe(envelope=put(ciphertext=""))),
    "a shorter tag": ("e.p.trust.crypto", forge_jwe(envelope=lambda e: put(tag=e["tag"][:32])(e))),
    "an empty tag": ("e.p.trust.crypto", forge_anon(enc="A256GCM", envelope=put(tag=""))),
    "an iv of no length": ("e.p.trust.crypto", forge_anon(enc="A256GCM", envelope=put(iv=""))),
    "an iv of another length": ("e.p.trust.crypto", forge_jwe(envelope=put(iv=encode(bytes(12))))),
    "a content key of half the length": ("e.p.trust.crypto", forge_jwe(content_key=bytes(32))),
    "an empty content key": ("e.p.trust.crypto", forge_jwe(recipient=put(encrypted_key=""))),
    "content that is empty": ("e.p.msg", forge_jwe(b"")),
    "content that is no message": ("e.p.msg", forge_jwe(b"[1]")),
}

FOR_EVE = pack_signed(message(to=(EVE.did,)), ALICE.kid("ed25519"), keyring(ALICE))
FOR_NOBODY = pack_signed(message(to=None), ALICE.kid("ed25519"), keyring(ALICE))
OF_EVE = pack_signed(message(from_=EVE.did), EVE.kid("ed25519"), keyring(EVE))

ADDRESSES: Mapping[str, tuple[Code, bytes]] = {
    "authcrypt without from": ("e.p.trust", forge_jwe(forge_plain(**{"from": ...}))),
    "from somebody else than whose key it is": ("e.p.trust", forge_jwe(forge_plain(**{"from": EVE.did}))),
    "from somebody whose name is longer": (
        "e.p.trust",
        forge_jwe(forge_plain(**{"from": ALICE.did + "x"})),
    ),
    "authcrypt without to": ("e.p.trust", forge_jwe(forge_plain(to=...))),
    "hidden authcrypt without to": ("e.p.trust", forge_anon(forge_jwe(forge_plain(to=...)))),
    "authcrypt to nobody": ("e.p.trust", forge_jwe(forge_plain(to=[]))),
    "to somebody else": ("e.p.trust", forge_jwe(forge_plain(to=[EVE.did]))),
    "to nobody": ("e.p.trust", forge_anon(forge_plain(to=[]))),
    "signed for another and sent on": ("e.p.trust", forge_anon(FOR_EVE)),
    "signed for nobody and sent on": ("e.p.trust", forge_anon(FOR_NOBODY)),
    "signed by another than its sender": ("e.p.trust", forge_jwe(OF_EVE)),
    "two layers for two DIDs": (
        "e.p.trust.crypto",
        forge_anon(forge_jwe(to=((EVE, "x25519"),))),
    ),
    "anoncrypt in anoncrypt": ("e.p.msg", forge_anon(forge_anon())),
    "anoncrypt in authcrypt": ("e.p.msg", forge_jwe(forge_anon())),
    "authcrypt in authcrypt": ("e.p.msg", forge_jwe(forge_jwe())),
    "authcrypt in two anoncrypts": ("e.p.msg", forge_anon(forge_anon(forge_jwe()))),
    "signed twice, one in the other": ("e.p.msg", forge_jws(forge_jws())),
    "encrypted first and signed then": ("e.p.msg", forge_jws(forge_jwe())),
    "encrypted in signed in encrypted": ("e.p.msg", forge_anon(forge_jws(forge_anon()))),
}


def _with_mac(kid: str) -> bytes:
    """HS256 with the public key as its secret, for readers that let the header choose."""
    protected, payload = encode(write_json({"alg": "HS256", "kid": kid})), SIGNED["payload"]
    mac = hmac.digest(ALICE.keys[kid].public.raw, f"{protected}.{payload}".encode(), hashlib.sha256)
    return write_json({"payload": payload, "protected": protected, "signature": encode(mac)})


ONE_WRONG = [
    SIGNED["signatures"][0],
    json.loads(forge_jws(signer=(ALICE, "es256"), signature=flip("signature"))),
]

SIGNATURES: Mapping[str, tuple[Code, bytes]] = {
    "signed with alg none": (
        "e.p.trust.crypto",
        forge_jws(header=put(alg="none"), signature=put(signature="")),
    ),
    "signed with HS256 and the public key": ("e.p.trust.crypto", _with_mac(ALICE.kid("ed25519"))),
    "signed with the alg of another key": ("e.p.trust.crypto", forge_jws(header=put(alg="ES256"))),
    "a signature's header of a million bytes": (
        "e.p.me.res.storage",
        forge_jws(header=put(x="x" * (LIMITS.header_bytes + 1))),
    ),
    "no alg of a signature": ("e.p.msg", forge_jws(header=put(alg=...))),
    "alg that nothing protects": (
        "e.p.msg",
        forge_jws(header=put(alg=...), signature=put(header={"alg": "EdDSA"})),
    ),
    "another alg beside the protected one": (
        "e.p.msg",
        forge_jws(signature=put(header={"kid": ALICE.kid("ed25519"), "alg": "EdDSA"})),
    ),
    "no kid": ("e.p.msg", forge_jws(header=put(kid=...))),
    "two kids": ("e.p.msg", forge_jws(signature=put(header={"kid": EVE.kid("ed25519")}))),
    "a kid of a signature that is no DID": ("e.p.msg", forge_jws(header=put(kid="#key-1"))),
    "a header that is no object": ("e.p.msg", forge_jws(signature=put(header=1))),
    "a signature with crit": ("e.p.msg", forge_jws(header=put(crit=["b64"], b64=True))),
    "a payload that is not encoded": ("e.p.msg", forge_jws(header=put(b64=False))),
    "another typ of a signature": ("e.p.msg", forge_jws(header=put(typ="JWT"))),
    "a key that does not authenticate": ("e.p.trust", forge_jws(signer=(ALICE, "x25519"))),
    "a changed payload": ("e.p.trust.crypto", forge_jws(envelope=flip("payload"))),
    "a changed signature": ("e.p.trust.crypto", forge_jws(signature=flip("signature"))),
    "a changed ES256 signature": (
        "e.p.trust.crypto",
        forge_jws(signer=(ALICE, "es256"), signature=flip("signature")),
    ),
    "an ES256 signature of zeros": (
        "e.p.trust.crypto",
        forge_jws(signer=(ALICE, "es256"), signature=put(signature=encode(bytes(64)))),
    ),
    "an ES256K signature of ones": (
        "e.p.trust.crypto",
        forge_jws(signer=(ALICE, "es256k"), signature=put(signature=encode(b"\xff" * 64))),
    ),
    "a signature of 63 bytes": ("e.p.trust.crypto", forge_jws(signature=put(signature=encode(bytes(63))))),
    "a signature by another in his name": (
        "e.p.trust.crypto",
        forge_jws(signer=(EVE, "ed25519"), header=put(kid=ALICE.kid("ed25519"))),
    ),
    "signed by another than from": ("e.p.trust", forge_jws(signer=(EVE, "ed25519"))),
    "signed without from": ("e.p.trust", forge_jws(forge_plain(**{"from": ...}))),
    "no signatures": ("e.p.msg", forge_jws(envelope=put(signatures=[]))),
    "signatures that are texts": ("e.p.msg", forge_jws(envelope=put(signatures=["x"]))),
    "five signatures": ("e.p.me.res.storage", write_json(SIGNED | {"signatures": SIGNED["signatures"] * 5})),
    "the same signature twice": ("e.p.msg", write_json(SIGNED | {"signatures": SIGNED["signatures"] * 2})),
    "one right and one wrong signature": (
        "e.p.trust.crypto",
        write_json(SIGNED | {"signatures": [ONE_WRONG[0], *ONE_WRONG[1]["signatures"]]}),
    ),
    "signed by the sender and by another": (
        "e.p.trust",
        write_json(
            SIGNED
            | {
                "signatures": SIGNED["signatures"]
                + json.loads(forge_jws(signer=(EVE, "es256")))["signatures"]
            }
        ),
    ),
    "flattened and general at once": ("e.p.msg", write_json(SIGNED | SIGNED["signatures"][0])),
    "neither flattened nor general": ("e.p.msg", write_json({"payload": SIGNED["payload"]})),
}

PLAINTEXTS: Mapping[str, tuple[Code, bytes]] = {
    "no id": ("e.p.msg", forge_plain(id=...)),
    "an id that is a number": ("e.p.msg", forge_plain(id=1)),
    "an id with spaces": ("e.p.msg", forge_plain(id="a b")),
    "an empty id": ("e.p.msg", forge_plain(id="")),
    "an id of a thousand characters": ("e.p.msg", forge_plain(id="x" * 1000)),
    "a type that is null": ("e.p.msg", forge_plain(type=None)),
    "a type without a version": ("e.p.msg", forge_plain(type="https://example.org/lunch/proposal")),
    "a type of a million characters": ("e.p.msg", forge_plain(type="x/1.0/" * 170_000 + "x")),
    "from that is no DID": ("e.p.msg", forge_plain(**{"from": "alice@example.org"})),
    "from with the name of a key": ("e.p.msg", forge_plain(**{"from": ALICE.kid("x25519")})),
    "from that is null": ("e.p.msg", forge_plain(**{"from": None})),
    "to that is a text": ("e.p.msg", forge_plain(to=BOB.did)),
    "to with a number": ("e.p.msg", forge_plain(to=[1])),
    "to with the name of a key": ("e.p.msg", forge_plain(to=[BOB.kid("x25519")])),
    "to too many": ("e.p.me.res.storage", forge_plain(to=[f"did:example:{n}" for n in range(65)])),
    "a thread that is an object": ("e.p.msg", forge_plain(thid={})),
    "a parent thread with a slash": ("e.p.msg", forge_plain(pthid="a/b")),
    "a time that is a text": ("e.p.msg", forge_plain(created_time="2020-01-01")),
    "a time that is true": ("e.p.msg", forge_plain(expires_time=True)),
    "a time with a fraction": ("e.p.msg", forge_plain(expires_time=1.5)),
    "a time beyond all numbers": ("e.p.msg", forge_plain(expires_time=10**30)),
    "expired": ("e.p.req.time", forge_plain(expires_time=NOW_S)),
    "expired before time began": ("e.p.req.time", forge_plain(expires_time=-1)),
    "a body that is a list": ("e.p.msg", forge_plain(body=[])),
    "a body that is null": ("e.p.msg", forge_plain(body=None)),
    "from_prior that is an object": ("e.p.msg", forge_plain(from_prior={})),
    "another typ of a message": ("e.p.msg", forge_plain(typ="application/json")),
    "attachments that are an object": ("e.p.msg", forge_plain(attachments={})),
    "an attachment that is a text": ("e.p.msg", forge_plain(attachments=["x"])),
    "an attachment without data": ("e.p.msg", forge_plain(attachments=[{"id": "1"}])),
    "an attachment with empty data": ("e.p.msg", forge_plain(attachments=[{"data": {}}])),
    "an attachment with an id of two words": (
        "e.p.msg",
        forge_plain(attachments=[{"id": "a b", "data": {"json": 1}}]),
    ),
    "an attachment by link without its hash": (
        "e.p.msg",
        forge_plain(attachments=[{"data": {"links": ["https://example.org/x"]}}]),
    ),
    "an attachment by links that are a text": (
        "e.p.msg",
        forge_plain(attachments=[{"data": {"links": "https://example.org/x", "hash": "zQm"}}]),
    ),
    "an attachment by a link that is a number": (
        "e.p.msg",
        forge_plain(attachments=[{"data": {"links": [7], "hash": "zQm"}}]),
    ),
    "an attachment whose format is an object": (
        "e.p.msg",
        forge_plain(attachments=[{"format": {}, "data": {"json": 1}}]),
    ),
    "an attachment that is not base64": ("e.p.msg", forge_plain(attachments=[{"data": {"base64": "a b"}}])),
    "an attachment signed with its payload": (
        "e.p.msg",
        forge_plain(attachments=[{"data": {"base64": "eA", "jws": SIGNED}}]),
    ),
    "an attachment of a negative size": (
        "e.p.msg",
        forge_plain(attachments=[{"byte_count": -1, "data": {"json": 1}}]),
    ),
    "65 attachments": ("e.p.me.res.storage", forge_plain(attachments=[{"data": {"json": 1}}] * 65)),
}

HOSTILE = {**BYTES, **ENVELOPES, **KEYS, **ADDRESSES, **SIGNATURES, **PLAINTEXTS}


@pytest.mark.parametrize("kind", HOSTILE)
def test_it_is_refused(kind: str) -> None:
    """With the code that fits, and never with another exception."""
    code, envelope = HOSTILE[kind]
    with pytest.raises(Refused) as refused:
        unpack(envelope, keyring(BOB), NOW_S)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", PLAINTEXTS)
@pytest.mark.parametrize("forge", [forge_anon, forge_jwe])
def test_a_bad_message_is_refused_in_an_envelope_too(kind: str, forge: Any) -> None:
    """Whoever sent it, proven or not; large ones do not fit into an envelope."""
    code, plaintext = PLAINTEXTS[kind]
    if len(plaintext) > 700_000:
        code = "e.p.me.res.storage"
    with pytest.raises(Refused) as refused:
        unpack(forge(plaintext), keyring(BOB), NOW_S)
    assert refused.value.code == code


@pytest.mark.parametrize("forge", [forge_jwe, forge_anon, forge_jws, forge_plain])
def test_what_is_not_changed_is_taken(forge: Any) -> None:
    """Else all of the above could be refused because the forger cannot write."""
    assert unpack(forge(), keyring(BOB), NOW_S).message == message()


def test_all_that_does_not_open_is_told_with_the_same_words() -> None:
    """Which step failed is what somebody who tries things out wants to know."""
    kinds = ["a changed ciphertext", "a changed tag", "a changed content key", "an iv of another length"]
    reasons = set()
    for kind in (*kinds, "epk of order 8", "a sender whose key was not used"):
        with pytest.raises(Refused) as refused:
            unpack(KEYS[kind][1], keyring(BOB), NOW_S)
        reasons.add((refused.value.reason, refused.value.gist))
    assert reasons == {("it does not open with our key", None)}


def test_layers_for_two_who_live_here_are_refused() -> None:
    """An engine has the keys of many; what is for one of them is not handed on inside for another."""
    here = Keyring(DOCUMENTS.get, {**BOB.keys, **EVE.keys}.get)
    inner = forge_jwe(forge_plain(to=[BOB.did, EVE.did]), to=((EVE, "x25519"),))
    assert unpack(inner, here, NOW_S).recipient == EVE.kid("x25519")
    with pytest.raises(Refused, match="several DIDs"):
        unpack(forge_anon(inner), here, NOW_S)


def test_nobodys_document_is_fetched_for_signatures_of_several() -> None:
    """A message has one sender; each further name would be somebody's server asked in vain."""
    others = json.loads(forge_jws(signer=(EVE, "es256")))["signatures"]
    envelope = write_json(SIGNED | {"signatures": SIGNED["signatures"] + others})
    with pytest.raises(Refused, match="several DIDs"):
        unpack(envelope, keyring(BOB, {}), NOW_S)


def test_a_document_that_says_it_is_anothers_gives_no_keys() -> None:
    """A resolver that was fooled does not make Eve speak for Alice."""
    ring = keyring(BOB, DOCUMENTS | {ALICE.did: EVE.document})
    with pytest.raises(Refused) as refused:
        unpack(forge_jwe(), ring, NOW_S)
    assert refused.value.code == "e.p.did"


def test_a_key_in_anothers_document_proves_nothing() -> None:
    """Eve lists a key under Alice's name; Alice's own document does not have it."""
    extra = Person(ALICE.did, {"x25519-eve": EVE.keys[EVE.kid("x25519")]})
    listing = EVE.document | {"keyAgreement": extra.document["keyAgreement"]}
    ring = keyring(BOB, DOCUMENTS | {EVE.did: listing})
    with pytest.raises(Refused, match="no key agreement key"):
        unpack(forge_jwe(sender=(extra, "x25519-eve")), ring, NOW_S)
    stolen = EVE.kid("x25519-eve")
    with pytest.raises(Refused, match="no key agreement key"):
        unpack(forge_jwe(header=put(skid=stolen, apu=encode(stolen.encode()))), ring, NOW_S)


def test_a_sender_who_cannot_be_resolved_is_refused_by_whoever_gives_up() -> None:
    """`Needs` says which document; without it there is a refusal ready."""
    with pytest.raises(Needs) as needs:
        unpack(forge_jwe(), keyring(BOB, {}), NOW_S)
    assert needs.value.refusal().code == "e.p.did"
