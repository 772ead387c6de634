"""The keys by which owners take up the log of a pico, and the entry that is signed with one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.adapters.dids import (
    CannotWrite,
    Changes,
    DidRefused,
    SeedSigner,
    hash_key,
    log_from_jsonl,
    log_to_jsonl,
    update_log,
    verify_log,
)
from engine.commands.failure import Failure
from engine.commands.own_keys import open_keys

PURPOSE = "recovery"


def recovery_key(file: Path, new: bool) -> SeedSigner:
    """The key in a file, which is made if it is to be a new one."""
    if not new and not file.exists():
        raise Failure(f"there is no key {file}", "`picomesh did log --recovery-key` wrote one")
    return SeedSigner(open_keys(file).derive(PURPOSE))


def recovering_entry(told: Mapping[str, Any], signer: SeedSigner, following: SeedSigner, now_s: float) -> str:
    """After the newest entry of a log: it promises the engine's next key, and another of the owner's.

    What somebody put beside the owner's promise is not promised again: it may be a thief's.
    """
    promises = Changes(next_keys=(told["next_key"],), next_key_hashes=(hash_key(following.multikey),))
    try:
        log = verify_log(log_from_jsonl(told["log"]), now_s)
        return log_to_jsonl([update_log(log, signer, now_s, changes=promises)])
    except (DidRefused, CannotWrite) as problem:
        raise Failure(f"the log does not go on with this key: {problem}") from None
