"""Recovery by m of n guardians, in logs that everybody's verifier understands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.adapters.dids import (
    CannotWrite,
    Changes,
    DidRefused,
    Guardians,
    PublicKey,
    deactivate_log,
    did_of_key,
    guardian_of,
    guardians_of,
    keeps_guardians,
    make_did_key,
    make_did_peer_2,
    parties_alone,
    update_log,
)
from engine.adapters.dids.kept_logs import keep
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.dids.limits import WITNESSES
from engine.adapters.dids.witnesses import Approval, approve
from engine.adapters.keys import SeedKeys
from tests.engine.adapters.dids.foreign_logs import foreign_verdict
from tests.engine.adapters.dids.guarded import DESK, GUARDIANS, HOST, MEMBERS, alone, desk, keeping, watched
from tests.engine.adapters.dids.people import NOW_S, X25519, rule, signer


def test_a_host_writes_the_entries_of_every_day_alone() -> None:
    """Nobody has to be reached for a move."""
    diary = alone()
    assert diary.log.epoch == 2
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 2


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_any_two_of_three_guardians_take_the_pico_back(pair: tuple[int, int]) -> None:
    """One signs with its key, which was promised, and the host's keys are spent."""
    diary = alone()
    new_host = signer(61)
    rescue = replace(keeping(new_host), update_keys=GUARDIANS.multikeys, witness=GUARDIANS.rule())
    diary.write(MEMBERS[pair[0]], rescue, witnesses=[MEMBERS[one] for one in pair])
    with pytest.raises(CannotWrite, match="not promised"):
        diary.write(HOST[2], Changes(next_keys=()), witnesses=DESK)
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(new_host, keeping(signer(62)), witnesses=DESK)
    diary.write(new_host, keeping(signer(62)), witnesses=MEMBERS[:2])
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 4


def test_guardians_can_do_it_again() -> None:
    """Their keys are promised again by the entry that they approved."""
    diary = alone()
    for number in (61, 62):
        changes = replace(keeping(signer(number)), update_keys=GUARDIANS.multikeys)
        diary.write(MEMBERS[0], changes, witnesses=MEMBERS[:2])
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 4


def test_who_has_approved_an_entry_is_proven() -> None:
    """To be named in a log proves nothing; nor does an approval of another log, or one that is forged."""
    diary = watched()
    kept = keep(diary.log, diary.approvals)
    logs = LifelongLogs(SeedKeys(bytes(32)))
    first_two = {did_of_key(one.multikey) for one in MEMBERS[:2]}
    assert logs.approvers(kept, NOW_S) == first_two
    elsewhere = alone()
    others = approve(elsewhere.log.entries[-1].version_id, MEMBERS[2], NOW_S)
    forged = Approval(diary.log.entries[-1].version_id, others.proof)
    with_lies = keep(diary.log, (*diary.approvals, others, forged))
    assert logs.approvers(with_lies, NOW_S) == first_two
    consenting = approve(diary.log.entries[-1].version_id, MEMBERS[2], NOW_S)
    assert len(logs.approvers(keep(diary.log, (*diary.approvals, consenting)), NOW_S)) == 3


def test_one_guardian_alone_gets_nowhere() -> None:
    """Its key is promised, but it is one witness of two."""
    with pytest.raises(DidRefused, match="not-witnessed"):
        alone().write(MEMBERS[0], Changes(next_keys=()), witnesses=[MEMBERS[0]])


def test_approvals_without_a_promised_key_get_nowhere() -> None:
    """All guardians may approve what a stranger signs; it stays a stranger's."""
    with pytest.raises(CannotWrite, match="not promised"):
        alone().write(signer(99), Changes(next_keys=()), witnesses=MEMBERS)


def test_where_guardians_watch_a_host_does_nothing_alone() -> None:
    """Not even a move; with two of them it does."""
    diary = watched()
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(HOST[1], keeping(HOST[2]))
    diary.write(HOST[1], keeping(HOST[2]), witnesses=MEMBERS[1:])
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 2


def test_a_log_says_who_its_guardians_are() -> None:
    """Witnesses whose keys are promised; the others are of those who need no guardian."""
    assert guardians_of(alone().log.newest.parameters) == GUARDIANS
    assert guardians_of(watched().log.newest.parameters) == GUARDIANS
    assert [parties_alone(one().log.newest.parameters) for one in (alone, watched)] == [1, 0]


def judged(changes: Changes) -> str | None:
    """What a guardian says of an entry after the first."""
    log = watched().write(HOST[1], changes, witnesses=MEMBERS)
    return keeps_guardians(log.versions[-2].parameters, log.newest.parameters)


def test_a_guardian_lets_pass_what_keeps_the_guardians() -> None:
    """A program can do it."""
    assert judged(keeping(HOST[2])) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (Changes(next_keys=(HOST[2].multikey,)), "no guardians any more"),
        (
            Changes(next_keys=(HOST[2].multikey,), next_key_hashes=GUARDIANS.promises[1:]),
            "1 of the guardians are none",
        ),
        (replace(keeping(HOST[2]), without_witnesses=True), "no guardians any more"),
        (replace(keeping(HOST[2]), witness=rule(2, MEMBERS[:2])), "1 of the guardians"),
        (replace(keeping(HOST[2]), witness=rule(1, MEMBERS)), "1 approvals suffice"),
        (replace(keeping(HOST[2]), witness=rule(2, [*MEMBERS, *DESK])), "who could not before"),
        (
            Changes(
                next_keys=(HOST[2].multikey, signer(14).multikey),
                next_key_hashes=GUARDIANS.promises,
                witness=rule(2, [*MEMBERS, signer(14)]),
            ),
            "more guardians",
        ),
    ],
)
def test_a_guardian_sees_what_would_take_its_power(changes: Changes, reason: str) -> None:
    """A hostile host would like to be rid of them."""
    assert reason in str(judged(changes))


def test_a_guardian_sees_that_a_pico_would_end() -> None:
    """Which its owner may want, and a program does not decide."""
    diary = watched()
    diary.add(deactivate_log(diary.log, HOST[1], NOW_S + 60), MEMBERS)
    before, after = (version.parameters for version in diary.log.versions)
    assert keeps_guardians(before, after) == "it ends the pico"


def test_the_host_may_be_another_with_other_keys() -> None:
    """After a move the new host approves for itself; the old one's keys are gone from the rule."""
    diary = alone()
    new_desk = [signer(71), signer(72)]
    moved = replace(keeping(HOST[3]), witness=GUARDIANS.rule([desk(new_desk)]))
    diary.write(HOST[2], moved, witnesses=DESK)
    assert keeps_guardians(diary.log.versions[-2].parameters, diary.log.newest.parameters) is None
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(HOST[3], keeping(HOST[4]), witnesses=DESK)
    diary.write(HOST[3], keeping(HOST[4]), witnesses=new_desk)
    assert desk(DESK)[0] not in str(diary.log.newest.parameters.witness)


@pytest.mark.parametrize(
    ("guardians", "acting_alone"),
    [
        (replace(GUARDIANS, threshold=0), []),
        (replace(GUARDIANS, threshold=4), []),
        (GUARDIANS, [desk(DESK[:1])]),
        (GUARDIANS, [desk(MEMBERS)]),
        (GUARDIANS, [desk([DESK[0], DESK[0]])]),
        (GUARDIANS, [desk([MEMBERS[0], DESK[0]])]),
        (Guardians(1, tuple(desk([signer(100 + one) for one in range(WITNESSES + 1)]))), []),
    ],
)
def test_what_would_not_be_m_of_n_is_refused(guardians: Guardians, acting_alone: list[list[str]]) -> None:
    """Thresholds nobody reaches, parties with more or less weight than they need, keys that count once."""
    with pytest.raises(CannotWrite):
        guardians.rule(acting_alone)


def test_an_approval_can_be_collected_before_the_entry_is_published() -> None:
    """Guardians see the candidate first, and proofs are published first ("Witnessing a DID Version")."""
    diary = watched()
    entry = update_log(diary.log, HOST[1], NOW_S + 60, changes=keeping(HOST[2]))
    approvals: list[Approval] = [approve(entry.version_id, one, NOW_S) for one in MEMBERS[:2]]
    diary.approvals += approvals
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 1
    diary.now_s += 60
    assert diary.add(entry).epoch == 2


# --- names of guardians ----------------------------------------------------------------------------


def test_a_guardian_is_named_by_any_did_that_carries_its_key() -> None:
    """In the log it is the did:key of the key that it proves to be itself with."""
    key = did_of_key(signer(11).multikey)
    peer = make_did_peer_2((("keyAgreement", X25519), ("authentication", signer(11).multikey)))
    assert [guardian_of(key), guardian_of(peer)] == [key, key]
    assert guardian_of(f"did:peer:0{signer(11).multikey}") == key


@pytest.mark.parametrize(
    ("did", "reason"),
    [
        ("did:web:guardian.example", "does not carry its key"),
        ("did:scid:vh:1:QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE", "does not carry its key"),
        ("nobody", "does not carry its key"),
        ("did:key:z6Mknonsense", "can be nobody's"),
        (f"did:key:{X25519}", "no key of Ed25519"),
        (make_did_peer_2((("keyAgreement", X25519),)), "no key of Ed25519"),
        (make_did_key(PublicKey("P-256", b"\x02" + bytes(31) + b"\x05")), "no key of Ed25519"),
    ],
)
def test_who_cannot_be_named_as_a_guardian(did: str, reason: str) -> None:
    """A log is verified by people who cannot look up another's document."""
    with pytest.raises(CannotWrite, match=reason):
        guardian_of(did)
