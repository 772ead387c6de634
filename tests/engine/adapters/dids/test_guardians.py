"""Recovery by m of n guardians, in logs that everybody's verifier understands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.adapters.dids import (
    CannotWrite,
    Changes,
    DidRefused,
    Guardians,
    SeedSigner,
    deactivate_log,
    did_of_key,
    hash_key,
    keeps_guardians,
    recovery_guardian,
    update_log,
)
from engine.adapters.dids.log_verification import VerifiedLog
from engine.adapters.dids.witnesses import Approval, approve
from tests.engine.adapters.dids.foreign_logs import foreign_verdict
from tests.engine.adapters.dids.people import NOW_S, Diary, rule, signer

HOST = [signer(number) for number in range(1, 6)]
"""The host's keys, one for each entry."""
DESK = [signer(number) for number in (31, 32)]
"""Those with which the host approves, where it may act alone."""
APPROVING = [signer(number) for number in (11, 12, 13)]
RECOVERY = [signer(number) for number in (21, 22, 23)]
GUARDIANS = Guardians(
    2,
    tuple(
        recovery_guardian(one.multikey, other.multikey)
        for one, other in zip(APPROVING, RECOVERY, strict=True)
    ),
)


def keeping(next_host: SeedSigner) -> Changes:
    """What every entry promises: the host's next key, and the guardians'."""
    return Changes(next_keys=(next_host.multikey,), next_key_hashes=GUARDIANS.recovery_hashes)


def alone() -> Diary:
    """A pico whose host needs nobody for the entries of every day."""
    witness = GUARDIANS.rule([[one.multikey for one in DESK]])
    diary = Diary.begin(HOST[0], replace(keeping(HOST[1]), witness=witness), witnesses=DESK)
    diary.write(HOST[1], keeping(HOST[2]), witnesses=DESK)
    return diary


def watched() -> Diary:
    """A pico whose guardians approve every entry."""
    changes = replace(keeping(HOST[1]), witness=GUARDIANS.rule())
    return Diary.begin(HOST[0], changes, witnesses=APPROVING[:2])


def test_a_host_writes_the_entries_of_every_day_alone() -> None:
    """Nobody has to be reached for a move."""
    diary = alone()
    assert diary.log.epoch == 2
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 2


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_any_two_of_three_guardians_take_the_pico_back(pair: tuple[int, int]) -> None:
    """One signs with the recovery key that was promised, and the host's keys are spent."""
    diary = alone()
    new_host = signer(61)
    rescue = Changes(next_keys=(new_host.multikey,), witness=GUARDIANS.rule())
    diary.write(RECOVERY[pair[0]], rescue, witnesses=[APPROVING[one] for one in pair])
    with pytest.raises(CannotWrite, match="not promised"):
        diary.write(HOST[2], Changes(next_keys=()), witnesses=DESK)
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(new_host, keeping(signer(62)), witnesses=DESK)
    diary.write(new_host, keeping(signer(62)), witnesses=APPROVING[:2])
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 4


def test_one_guardian_alone_gets_nowhere() -> None:
    """Its key is promised, but it is one witness of two."""
    with pytest.raises(DidRefused, match="not-witnessed"):
        alone().write(RECOVERY[0], Changes(next_keys=()), witnesses=[APPROVING[0], RECOVERY[0]])


def test_approvals_without_a_promised_key_get_nowhere() -> None:
    """All guardians may approve what a stranger signs; it stays a stranger's."""
    diary = alone()
    with pytest.raises(CannotWrite, match="not promised"):
        diary.write(signer(99), Changes(next_keys=()), witnesses=APPROVING)


def test_where_guardians_watch_a_host_does_nothing_alone() -> None:
    """Not even a move; with two of them it does."""
    diary = watched()
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(HOST[1], keeping(HOST[2]))
    diary.write(HOST[1], keeping(HOST[2]), witnesses=APPROVING[1:])
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 2


def candidate(changes: Changes) -> VerifiedLog:
    """The log as a guardian sees it, approved by everybody so that only the question remains whether to."""
    diary = watched()
    return diary.write(HOST[1], changes, witnesses=APPROVING)


def test_a_guardian_lets_pass_what_keeps_the_guardians() -> None:
    """A program can do it."""
    assert keeps_guardians(candidate(keeping(HOST[2])), GUARDIANS) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (Changes(next_keys=(HOST[2].multikey,)), "recovery keys of 3 guardians"),
        (
            Changes(next_keys=(HOST[2].multikey,), next_key_hashes=GUARDIANS.recovery_hashes[1:]),
            "of 1 guardians",
        ),
        (replace(keeping(HOST[2]), without_witnesses=True), "not all guardians"),
        (replace(keeping(HOST[2]), witness=rule(2, APPROVING[:2])), "not all guardians"),
        (replace(keeping(HOST[2]), witness=rule(1, APPROVING)), "1 approvals are not 2"),
        (replace(keeping(HOST[2]), witness=rule(2, [*APPROVING, *DESK])), "who could not before"),
    ],
)
def test_a_guardian_sees_what_would_take_its_power(changes: Changes, reason: str) -> None:
    """A hostile host would like to be rid of them."""
    assert reason in str(keeps_guardians(candidate(changes), GUARDIANS))


def test_a_guardian_sees_that_a_pico_would_end() -> None:
    """Which its owner may want, and a program does not decide."""
    diary = watched()
    diary.add(deactivate_log(diary.log, HOST[1], NOW_S + 60), APPROVING)
    assert keeps_guardians(diary.log, GUARDIANS) == "it ends the pico"


def test_the_host_may_be_another_with_other_keys() -> None:
    """After a move the new host approves for itself; the old one's keys are gone from the rule."""
    diary = alone()
    new_desk = [signer(71), signer(72)]
    moved = replace(keeping(HOST[3]), witness=GUARDIANS.rule([[one.multikey for one in new_desk]]))
    diary.write(HOST[2], moved, witnesses=DESK)
    assert keeps_guardians(diary.log, GUARDIANS) is None
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(HOST[3], keeping(HOST[4]), witnesses=DESK)
    diary.write(HOST[3], keeping(HOST[4]), witnesses=new_desk)
    assert did_of_key(DESK[0].multikey) not in str(diary.log.newest.parameters.witness)


@pytest.mark.parametrize(
    ("guardians", "acting_alone"),
    [
        (replace(GUARDIANS, threshold=0), []),
        (replace(GUARDIANS, threshold=4), []),
        (GUARDIANS, [[DESK[0].multikey]]),
        (GUARDIANS, [[one.multikey for one in APPROVING]]),
        (GUARDIANS, [[DESK[0].multikey] * 2]),
        (GUARDIANS, [[APPROVING[0].multikey, DESK[0].multikey]]),
    ],
)
def test_what_would_not_be_m_of_n_is_refused(guardians: Guardians, acting_alone: list[list[str]]) -> None:
    """Thresholds nobody reaches, parties with more or less weight than they need, keys that count once."""
    with pytest.raises(CannotWrite):
        guardians.rule(acting_alone)


def test_a_recovery_key_is_not_shown_before_it_is_used() -> None:
    """Only its hash is in the log."""
    diary = alone()
    text = str(diary.log.entries)
    assert all(one.multikey not in text and hash_key(one.multikey) in text for one in RECOVERY)


def test_an_approval_can_be_collected_before_the_entry_is_published() -> None:
    """Guardians see the candidate first, and proofs are published first ("Witnessing a DID Version")."""
    diary = watched()
    entry = update_log(diary.log, HOST[1], NOW_S + 60, changes=keeping(HOST[2]))
    approvals: list[Approval] = [approve(entry.version_id, one, NOW_S) for one in APPROVING[:2]]
    diary.approvals += approvals
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 1
    diary.now_s += 60
    assert diary.add(entry).epoch == 2
