"""The package `did-webvh`, which verifies our logs and writes some of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aries_askar import Key, KeyAlg
from did_webvh.askar import AskarSigningKey
from did_webvh.core.resolver import DidResolver, LocalHistoryResolver
from did_webvh.core.state import DocumentState
from did_webvh.verify import WebvhVerifier

from engine.adapters.dids import approvals_to_json, log_to_jsonl
from tests.engine.adapters.dids.people import Diary


def foreign_verdict(diary: Diary) -> Mapping[str, Any]:
    """What the package resolves the did:webvh of a log to."""
    return foreign_verdict_of(
        diary.log.did, log_to_jsonl(diary.log.entries), approvals_to_json(diary.approvals)
    )


def foreign_verdict_of(did: str, log: str, approvals: str = "[]") -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        log_file, witness_file = Path(folder, "did.jsonl"), Path(folder, "did-witness.json")
        log_file.write_text(log, "utf-8")
        witness_file.write_text(approvals, "utf-8")
        source = LocalHistoryResolver(log_file, witness_file)
        result = asyncio.run(DidResolver(WebvhVerifier()).resolve(did, source))
    verdict: Mapping[str, Any] = result.serialize()
    return verdict


def foreign_key(number: int) -> AskarSigningKey:
    """The same key as `people.signer` has."""
    return AskarSigningKey(Key.from_secret_bytes(KeyAlg.ED25519, number.to_bytes(32, "big")))


class ForeignLog:
    """A log that the package writes."""

    def __init__(self, state: Mapping[str, Any], key: AskarSigningKey, **parameters: Any) -> None:
        parameters = {"updateKeys": [key.multikey], **parameters}
        self._states = [DocumentState.initial(parameters, dict(state), "2025-01-01T00:00:00Z")]
        self._states[0].sign(key)

    def write(self, key: AskarSigningKey, **parameters: Any) -> None:
        time = f"2025-01-01T00:00:{len(self._states):02}Z"
        self._states.append(self._states[-1].create_next(None, parameters, time))
        self._states[-1].sign(key)

    def promise(self, key: AskarSigningKey) -> str:
        """The hash of a key."""
        promised: str = self._states[-1].generate_next_key_hash(key.multikey)
        return promised

    @property
    def text(self) -> str:
        return "".join(state.history_json() + "\n" for state in self._states)
