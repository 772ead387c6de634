"""What guardians are asked and what they answer, on its way as two texts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.adapters.dids import (
    Assent,
    CannotWrite,
    DidRefused,
    LogRequest,
    SeedSigner,
    add_assents,
    approve,
    assent,
    assent_from_json,
    assent_to_json,
    did_of_key,
    draft_entry,
    log_to_jsonl,
    make_request,
    request_from_json,
    request_to_json,
    update_log,
    verify_log,
    why_not_yet,
)
from tests.engine.adapters.dids.foreign_logs import foreign_verdict
from tests.engine.adapters.dids.guarded import DESK, GUARDIANS, HOST, MEMBERS, alone, keeping, watched
from tests.engine.adapters.dids.people import NOW_S, Diary, signer

LATER_S = NOW_S + 10_000
RESCUER = signer(61)


def rescue(diary: Diary, note: str = "") -> LogRequest:
    """Somebody whose host is gone asks for an entry that any guardian may sign."""
    changes = replace(keeping(RESCUER), witness=GUARDIANS.rule())
    entry = draft_entry(diary.log, GUARDIANS.multikeys, LATER_S, changes=changes)
    return make_request(diary.log, diary.approvals, entry, LATER_S, note)


def passed_on(request: LogRequest) -> LogRequest:
    return request_from_json(request_to_json(request), LATER_S)


def answered(request: LogRequest, by: SeedSigner) -> Assent:
    """What comes back from a guardian who has only the text."""
    return assent_from_json(assent_to_json(assent(passed_on(request), by, LATER_S)))


@pytest.mark.parametrize("pair", [(0, 1), (2, 0), (1, 2)])
def test_two_of_three_guardians_who_never_meet(pair: tuple[int, int]) -> None:
    """Each has only a text; what comes of it is believed by everybody's software."""
    diary = alone()
    request = rescue(diary)
    done = add_assents(request, [answered(request, MEMBERS[one]) for one in pair])
    assert why_not_yet(done) is None
    log = verify_log([*diary.log.entries, done.entry], LATER_S, done.approvals, diary.log)
    assert log.newest.parameters.update_keys == GUARDIANS.multikeys
    whole = Diary(log, LATER_S, list(done.approvals))
    assert foreign_verdict(whole)["didDocumentMetadata"]["versionNumber"] == 3


def test_a_request_is_the_same_when_it_arrives() -> None:
    """Whatever is in its note."""
    request = rescue(alone(), 'the laptop "died" – 😢')
    assert passed_on(request) == request


def test_it_says_how_many_are_missing_and_whom_to_ask() -> None:
    """One of two is not enough, and the same one twice is one."""
    request = rescue(alone())
    assert str(why_not_yet(request)).startswith("2 have to approve it, and 0 of them did")
    once = answered(request, MEMBERS[1])
    missing = str(why_not_yet(add_assents(request, [once, once])))
    assert missing.startswith("2 have to approve it, and 1 of them did; ask did:key:")
    assert GUARDIANS.members[1] not in missing
    assert GUARDIANS.members[0] in missing


def test_an_entry_that_its_host_has_signed_needs_approvals_alone() -> None:
    """Where guardians watch, their signatures are not wanted besides."""
    diary = watched()
    entry = update_log(diary.log, HOST[1], LATER_S, changes=keeping(HOST[2]))
    request = make_request(diary.log, diary.approvals, entry, LATER_S)
    given = [answered(request, one) for one in MEMBERS[:2]]
    assert [one.signature for one in given] == [None, None]
    done = add_assents(request, given)
    assert (why_not_yet(done), done.entry.proof) == (None, entry.proof)


def test_first_guardians_who_watch_approve_that_they_are() -> None:
    """The entry that names them takes their own approvals."""
    diary = Diary.begin(HOST[0], keeping(HOST[1]))
    changes = replace(keeping(HOST[2]), witness=GUARDIANS.rule())
    entry = update_log(diary.log, HOST[1], LATER_S, changes=changes)
    request = make_request(diary.log, [], entry, LATER_S)
    done = add_assents(request, [answered(request, one) for one in MEMBERS[1:]])
    log = verify_log([*diary.log.entries, done.entry], LATER_S, done.approvals)
    assert log.epoch == 2


def test_who_is_no_guardian_has_nothing_to_give() -> None:
    """Nor has the host, which approves in its own way."""
    for other in (signer(99), DESK[0], RESCUER):
        with pytest.raises(CannotWrite, match="no guardian of did:scid"):
            assent(rescue(alone()), other, LATER_S)


def test_an_approval_of_another_request_is_refused_by_name() -> None:
    """A guardian who approved last week's has not approved this one."""
    diary = alone()
    old, new = rescue(diary), replace(rescue(diary, "again"))
    changes = replace(keeping(signer(62)), witness=GUARDIANS.rule())
    entry = draft_entry(diary.log, GUARDIANS.multikeys, LATER_S, changes=changes)
    other = make_request(diary.log, diary.approvals, entry, LATER_S)
    assert add_assents(new, [answered(old, MEMBERS[0])])  # a note is nothing that is approved
    with pytest.raises(CannotWrite, match="is of another entry"):
        add_assents(other, [answered(old, MEMBERS[0])])


def test_approvals_that_were_made_up_or_changed_are_refused() -> None:
    """Each by itself, so that one knows whom to ask again."""
    request = rescue(alone())
    good, other = answered(request, MEMBERS[0]), answered(request, MEMBERS[1])
    stranger = Assent(approve(request.entry.version_id, signer(99), LATER_S), did_of_key(signer(99).multikey))
    for bad, reason in (
        (replace(good, guardian=other.guardian), "not signed by that guardian"),
        (
            replace(
                good,
                approval=replace(
                    good.approval, proof={**good.approval.proof, "created": "2025-01-01T00:00:00Z"}
                ),
            ),
            "or was changed",
        ),
        (
            replace(
                good,
                signature={**(good.signature or {}), "proofValue": (other.signature or {})["proofValue"]},
            ),
            "signature of .* is not good",
        ),
        (stranger, "is no guardian of"),
    ):
        with pytest.raises(CannotWrite, match=reason):
            add_assents(request, [bad])


def changed(request: LogRequest, name: str, value: object) -> str:
    return json.dumps({**json.loads(request_to_json(request)), name: value})


def test_a_request_that_was_changed_is_not_shown_to_anybody() -> None:
    """Before a guardian sees what it says, it is known to follow from the log."""
    diary = alone()
    request = rescue(diary)
    for name, value in (
        (
            "entry",
            log_to_jsonl([request.entry]).replace(RESCUER.multikey[:8], "x", 1).replace("2025", "2024"),
        ),
        ("log", log_to_jsonl(diary.log.entries[:1])),
        ("approvals", "[]"),
        ("did", "did:scid:vh:1:QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE"),
        ("note", 7),
        ("picomesh", "request to guardians, 2"),
        ("more", ""),
        ("entry", ""),
    ):
        with pytest.raises(DidRefused):
            request_from_json(changed(request, name, value), LATER_S)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"picomesh": "approval by a guardian, 1"}', "x" * 10_000]
)
def test_what_is_neither_request_nor_approval_is_refused(text: str) -> None:
    """By name, and whatever it is."""
    with pytest.raises(DidRefused):
        request_from_json(text, LATER_S)
    with pytest.raises(DidRefused):
        assent_from_json(text)


def test_an_entry_that_nobody_could_sign_is_not_asked_for() -> None:
    """The log that the request is about does not promise the key."""
    with pytest.raises(CannotWrite, match="not promised"):
        draft_entry(alone().log, (signer(99).multikey,), LATER_S, changes=keeping(RESCUER))


def test_a_note_is_a_note() -> None:
    """And not a letter."""
    with pytest.raises(CannotWrite, match="a note has at most"):
        rescue(alone(), "x" * 1001)
