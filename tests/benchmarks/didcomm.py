"""What an envelope costs: CPU time to pack and to unpack 2 KB, with documents that were read before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from rich.table import Table

from engine.adapters.didcomm import (
    Keyring,
    Message,
    PrivateKey,
    new_key,
    pack_anoncrypt,
    pack_authcrypt,
    pack_signed,
    to_jwk,
    unpack,
)
from engine.adapters.didcomm.keys import Curve

ALICE, BOB = "did:example:alice", "did:example:bob"
TIMES = 500
ROUNDS = 5
NOW_S = 1_700_000_000

KEYS: Mapping[str, tuple[Curve, str]] = {
    "x25519": ("X25519", "keyAgreement"),
    "p256": ("P-256", "keyAgreement"),
    "ed25519": ("Ed25519", "authentication"),
}


def report_didcomm() -> Iterator[Table]:
    table = Table("", "bytes", "pack CPU µs", "unpack CPU µs", title="DIDComm, a message of 2 KB")
    alice, bob = _people()
    message = Message("1", "https://example.org/x/1.0/y", {"text": "x" * 1800}, ALICE, (BOB,))
    packs: dict[str, Callable[[], bytes]] = {
        "authcrypt X25519": partial(pack_authcrypt, message, f"{BOB}#x25519", alice),
        "authcrypt P-256": partial(pack_authcrypt, message, f"{BOB}#p256", alice, sender=f"{ALICE}#p256"),
        "anoncrypt(authcrypt) X25519": partial(
            pack_authcrypt, message, f"{BOB}#x25519", alice, hide_sender=True
        ),
        "anoncrypt X25519": partial(pack_anoncrypt, message, f"{BOB}#x25519", alice),
        "signed Ed25519": partial(pack_signed, message, f"{ALICE}#ed25519", alice),
    }
    for name, pack in packs.items():
        envelope = pack()
        packing, unpacking = cpu_us(pack), cpu_us(partial(unpack, envelope, bob, NOW_S))
        table.add_row(name, f"{len(envelope):,}", f"{packing:.0f}", f"{unpacking:.0f}")
    yield table


def cpu_us(function: Callable[[], object]) -> float:
    """Of one call: the fastest of several rounds, by this process's own CPU clock."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMES):
            function()
        rounds.append(time.process_time() - began)
    return min(rounds) / TIMES * 1e6


def _people() -> tuple[Keyring, Keyring]:
    keys = {
        did: {name: new_key(curve, os.urandom) for name, (curve, _) in KEYS.items()} for did in (ALICE, BOB)
    }
    documents = {did: _document(did, own) for did, own in keys.items()}
    alice, bob = ({f"{did}#{name}": key for name, key in own.items()} for did, own in keys.items())
    return Keyring(documents.get, alice.get), Keyring(documents.get, bob.get)


def _document(did: str, keys: Mapping[str, PrivateKey]) -> dict[str, object]:
    document: dict[str, object] = {"id": did}
    for purpose in ("keyAgreement", "authentication"):
        document[purpose] = [
            {"id": f"{did}#{name}", "type": "JsonWebKey2020", "publicKeyJwk": to_jwk(key.public)}
            for name, key in keys.items()
            if KEYS[name][1] == purpose
        ]
    return document
