"""What names cost: making and reading them, asking for one that is known, and believing a log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial

from rich.table import Table

from engine.adapters.dids import (
    UNBORN_NAME,
    Changes,
    DidResolver,
    SeedSigner,
    create_log,
    log_from_jsonl,
    log_to_jsonl,
    make_did_peer_2,
    make_did_peer_4,
    unborn_did,
    update_log,
    verify_log,
)
from engine.adapters.dids.documents import Relationship

NOW_S = 1_763_000_000.0
KEYS = [SeedSigner(number.to_bytes(32, "big")) for number in range(1, 130)]
X25519 = "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
SERVICE = {
    "id": "#didcomm",
    "type": "DIDCommMessaging",
    "serviceEndpoint": {"uri": "https://engine.example/didcomm", "accept": ["didcomm/v2"]},
}
DOCUMENT = {
    "verificationMethod": [
        {"id": "#key-1", "type": "Multikey", "publicKeyMultibase": KEYS[0].multikey},
        {"id": "#key-2", "type": "Multikey", "publicKeyMultibase": X25519},
    ],
    "authentication": ["#key-1"],
    "keyAgreement": ["#key-2"],
    "service": [SERVICE],
}


def report_dids() -> Iterator[Table]:
    table = Table("", "characters", "CPU µs", title="DIDs")
    keys: list[tuple[Relationship, str]] = [("authentication", KEYS[0].multikey), ("keyAgreement", X25519)]
    for make in (partial(make_did_peer_2, keys, [SERVICE]), partial(make_did_peer_4, DOCUMENT)):
        did, resolver = make(), DidResolver(None, time.time)
        kind, length = did[: len("did:peer:2")], f"{len(did):,}"
        table.add_row(f"make a {kind}", length, f"{_us(make):.1f}")
        table.add_row(f"read a {kind} anew", length, f"{_us(partial(_anew, resolver, did)):.1f}")
        table.add_row(f"ask for a {kind} again", length, f"{asyncio.run(_again_us(resolver, did)):.2f}")
    for entries in (3, 100):
        text = _log(entries)
        table.add_row(
            f"believe a log of {entries}", f"{len(text):,}", f"{_us(partial(_believe, text), 20):,.0f}"
        )
    yield table


def _us(function: Callable[[], object], times: int = 1000) -> float:
    """CPU time of one call: the best of three rounds."""
    rounds = []
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            function()
        rounds.append(time.process_time() - begun)
    return min(rounds) / times * 1e6


def _anew(resolver: DidResolver, did: str) -> None:
    resolver.forget(did)
    resolver.at_hand(did)


async def _again_us(resolver: DidResolver, did: str, times: int = 10_000) -> float:
    begun = time.process_time()
    for _ in range(times):
        await resolver.resolve(did)
    return (time.process_time() - begun) / times * 1e6


def _log(length: int) -> str:
    """A key promised in every entry."""
    state = {"id": unborn_did("engine.example:picos:7"), "alsoKnownAs": [UNBORN_NAME], **DOCUMENT}
    first = create_log(state, KEYS[0], NOW_S, Changes(next_keys=(KEYS[1].multikey,)))
    log = verify_log([first], NOW_S)
    for number in range(1, length):
        changes = Changes(next_keys=(KEYS[number + 1].multikey,))
        entry = update_log(log, KEYS[number], NOW_S + number, changes=changes)
        log = verify_log([*log.entries, entry], NOW_S + number, known=log)
    return log_to_jsonl(log.entries)


def _believe(text: str) -> None:
    verify_log(log_from_jsonl(text), NOW_S + 86_400)
