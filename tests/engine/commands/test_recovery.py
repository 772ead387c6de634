"""What an owner's key is used for: the entry that its owner has asked for, and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.adapters.dids import (
    Changes,
    LogRequest,
    deactivate_log,
    draft_entry,
    hash_key,
    log_to_jsonl,
    make_request,
)
from engine.commands.failure import Failure
from engine.commands.recovery import MOST_KEYS, OwnersFile, check_draft, owners_file, signed_by_owner
from tests.engine.adapters.dids.guarded import DESK, GUARDIANS, HOST, desk
from tests.engine.adapters.dids.people import NOW_S, Diary, signer

LATER_S = NOW_S + 7200
NEW_HOST, THIEF = signer(61), signer(99)


@pytest.fixture
def owner(tmp_path: Path) -> OwnersFile:
    return owners_file(tmp_path / "owner.key", new=True)


def diary_of(owner: OwnersFile) -> Diary:
    """A log with three guardians, which its owner can go on with alone."""
    known = owner.known(1)
    rule = GUARDIANS.rule([desk(DESK), known["approving"][:2]])
    promises = (known["hash"], *GUARDIANS.promises)
    changes = Changes(next_keys=(HOST[1].multikey,), next_key_hashes=promises, witness=rule)
    return Diary.begin(HOST[0], changes, witnesses=owner.desk(2))


def wished(owner: OwnersFile) -> Changes:
    rule = GUARDIANS.rule([desk([signer(71), signer(72)]), owner.known(2)["approving"][:2]])
    promises = (owner.known(2)["hash"], *GUARDIANS.promises)
    return Changes(next_keys=(NEW_HOST.multikey,), next_key_hashes=promises, witness=rule)


def drafted(diary: Diary, owner: OwnersFile, changes: Changes) -> LogRequest:
    """What an engine gives the owner to sign."""
    entry = draft_entry(diary.log, (owner.key(1).multikey,), LATER_S, changes=changes)
    return make_request(diary.log, diary.approvals, entry, LATER_S)


def check(request: LogRequest, diary: Diary, owner: OwnersFile) -> None:
    check_draft(request, log_to_jsonl(diary.log.entries), owner.known(2)["hash"])


def test_what_was_asked_for_is_signed_and_believed(owner: OwnersFile) -> None:
    """With the approvals that make the owner a party of his own."""
    diary = diary_of(owner)
    request = drafted(diary, owner, wished(owner))
    check(request, diary, owner)
    done = signed_by_owner(request, owner, 1)
    diary.approvals = list(done.approvals)
    diary.now_s = LATER_S + 60
    assert diary.add(done.entry).epoch == 2


def test_an_engine_that_wants_something_else_gets_no_signature(owner: OwnersFile) -> None:
    """Another key promised, the owner's left out, guardians changed or dropped, the end, another log."""
    diary, good = diary_of(owner), wished(owner)
    thiefs = (*good.next_key_hashes, hash_key(THIEF.multikey))
    for changes in (
        replace(good, next_key_hashes=thiefs),
        replace(good, next_key_hashes=GUARDIANS.promises),
        replace(good, next_key_hashes=good.next_key_hashes[:1], without_witnesses=True),
        replace(good, witness=replace(GUARDIANS, threshold=1).rule()),
    ):
        with pytest.raises(Failure, match="nothing was signed"):
            check(drafted(diary, owner, changes), diary, owner)
    last = replace(deactivate_log(diary.log, owner.key(1), LATER_S), proof=())
    with pytest.raises(Failure, match="nothing was signed"):
        check(make_request(diary.log, diary.approvals, last, LATER_S), diary, owner)
    with pytest.raises(Failure, match="nothing was signed"):
        check_draft(drafted(diary, owner, good), "another log", owner.known(2)["hash"])


def test_the_keys_of_a_file_are_told_apart_and_found_again(owner: OwnersFile) -> None:
    """By the hash of the one that is promised; a stranger's is none of them."""
    hashes = [owner.known(number)["hash"] for number in (1, 2, MOST_KEYS)]
    assert len(set(hashes)) == 3
    assert [owner.number_promised(("x", one)) for one in hashes] == [1, 2, MOST_KEYS]
    assert owner.number_promised((hash_key(THIEF.multikey),)) is None
