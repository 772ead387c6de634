"""The keys by which owners take up the log of a pico, all of them out of one file.

A key that has signed is spent, and the next one is promised. So that one file is enough for ever, they follow
from its seed by their number.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from engine.adapters.dids import (
    CannotWrite,
    DidRefused,
    LogRequest,
    SeedSigner,
    approvals_from_json,
    approve,
    did_of_key,
    guardians_of,
    hash_key,
    keeps_guardians,
    log_from_jsonl,
    log_to_jsonl,
    request_from_json,
    verify_log,
)
from engine.adapters.dids.log_writing import sign_entry
from engine.adapters.keys import KeyBoxes, SeedKeys
from engine.commands.failure import Failure
from engine.commands.own_keys import open_keys
from engine.runtime.pico_owners import PicoOwner
from engine.runtime.state_keys import OPENING

PURPOSE = "recovery"
MOST_KEYS = 1024
"""As many as a log has entries."""
TOLD, FAR = 32, 24
"""Keys of which an engine is told ahead, and when it is told of later ones."""
MOST_NEEDED = 31
"""Guardians that have to agree, where a host and an owner act alone beside them: a log has 64 witnesses."""


class OwnersFile:
    """The file with an owner's seed."""

    def __init__(self, file: Path, keys: SeedKeys) -> None:
        self._file = file
        self._keys = keys

    def key(self, number: int) -> SeedSigner:
        purpose = PURPOSE if number == 1 else f"{PURPOSE}/{number}"
        return SeedSigner(self._keys.derive(purpose))

    def desk(self, count: int) -> tuple[SeedSigner, ...]:
        """With which its owner approves alone where there are guardians."""
        return tuple(SeedSigner(self._keys.derive(f"{PURPOSE}/desk/{one}")) for one in range(1, count + 1))

    def owner(self, number: int = 1) -> PicoOwner:
        """As an engine may know whoever has the file. Of keys far along in a log it is told of those."""
        first = 1 if number < FAR else number
        hashes = tuple(hash_key(self.key(one).multikey) for one in range(first, first + TOLD))
        approving = tuple(did_of_key(one.multikey) for one in self.desk(MOST_NEEDED))
        return PicoOwner(KeyBoxes(os.urandom).name(self._keys.derive(OPENING)), hashes, approving)

    def number_promised(self, promised: tuple[str, ...]) -> int | None:
        """Which of its keys the newest entry of a log promises."""
        numbers = range(1, MOST_KEYS + 1)
        return next((one for one in numbers if hash_key(self.key(one).multikey) in promised), None)

    def known(self, number: int) -> dict[str, Any]:
        """What an engine may know of it."""
        approving = [did_of_key(one.multikey) for one in self.desk(MOST_NEEDED)]
        return {"hash": hash_key(self.key(number).multikey), "approving": approving}


def owners_file(file: Path, new: bool = False) -> OwnersFile:
    """It is made if it is to be a new one."""
    if not new and not file.exists():
        raise Failure(
            f"there is no key {file}",
            "it is the file that `picomesh seal --owner` or a --recovery-key of `picomesh did` wrote",
        )
    return OwnersFile(file, open_keys(file))


def signed_by_owner(request: LogRequest, owner: OwnersFile, number: int) -> LogRequest:
    """The request with everything that its owner can give."""
    now_s = time.time()
    entry = sign_entry(request.entry, owner.key(number), now_s)
    rule = request.rule
    desk = () if rule is None else owner.desk(rule.threshold)
    counting = [one for one in desk if rule is not None and did_of_key(one.multikey) in rule.witnesses]
    given = tuple(approve(entry.version_id, one, now_s) for one in counting)
    return LogRequest(request.log, (*request.approvals, *given), entry, request.after, request.note)


def check_draft(request: LogRequest, log: str, following: str) -> None:
    """An owner signs nothing but what was asked for: his next key, one of the engine's, and the guardians as
    they are. Raises `Failure`."""
    before, after = request.log.newest.parameters, request.after.parameters
    guardians = guardians_of(before)
    expected = {following, *(guardians.promises if guardians else ())}
    promised = set(after.next_key_hashes)
    if (
        log_to_jsonl(request.log.entries) != log
        or not expected <= promised
        or len(promised - expected) != 1
        or after.deactivated
        or guardians_of(after) != guardians
        or keeps_guardians(before, after) is not None
    ):
        raise Failure(
            "the engine wants another entry signed than the one that was asked for, so nothing was signed",
            "--watch, if guardians approve every entry; else an engine that you trust with the pico: --url",
        )


def read_request(text: str) -> LogRequest:
    try:
        return request_from_json(text, time.time())
    except (DidRefused, CannotWrite) as problem:
        raise Failure(f"this is no request that can be granted: {problem}") from None


def newest_promises(log: str, approvals: str) -> tuple[str, ...]:
    """The hashes of the keys that the newest entry of a log promises."""
    try:
        found = verify_log(log_from_jsonl(log), time.time(), approvals_from_json(approvals or "[]"))
    except DidRefused as problem:
        raise Failure(f"the log is not to be believed: {problem}") from None
    return found.newest.parameters.next_key_hashes
