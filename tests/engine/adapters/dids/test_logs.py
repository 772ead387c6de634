"""The life of a log: written here, believed by others, and the other way round."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.dids import (
    UNBORN_NAME,
    CannotWrite,
    Changes,
    DidRefused,
    approvals_from_json,
    approvals_to_json,
    approve,
    create_log,
    deactivate_log,
    hash_key,
    log_from_jsonl,
    log_to_jsonl,
    move_state,
    unborn_did,
    update_log,
    verify_log,
)
from engine.adapters.dids.limits import WITNESS_BYTES, WITNESS_PROOFS
from engine.adapters.dids.log_entries import hash_value
from engine.adapters.dids.log_times import read_time
from tests.campaign import examples
from tests.engine.adapters.dids.foreign_logs import (
    ForeignLog,
    foreign_key,
    foreign_verdict,
    foreign_verdict_of,
)
from tests.engine.adapters.dids.forging import first_entry
from tests.engine.adapters.dids.people import NOW_S, PLACE, X25519, Diary, rule, signer, state, three_entries

FIRST, SECOND, THIRD, STRANGER = (signer(number) for number in (1, 2, 3, 99))
WITNESSES = [signer(number) for number in (11, 12, 13)]


# --- the specification -----------------------------------------------------------------------------


def test_the_hash_of_the_specifications_entry_is_found() -> None:
    """did:webvh 1.0, "Generate Entry Hash"."""
    witnesses = [
        {"id": "did:key:z6Mkkc51mg2vpQzKWAbWQZupeGYhowaBjYkmvcKMTqteqHB4", "weight": 1},
        {"id": "did:key:z6MkuDdJdKLCgwZuQuEi9xG6LVgJJ9Tebr74CXPYPSumqgJs", "weight": 1},
        {"id": "did:key:z6MkoSWmQyp4fTk4ZQy4KUsss9dFX51XfEUzKKKj1J1JUsrF", "weight": 1},
    ]
    entry = {
        "versionId": "QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE",
        "versionTime": "2025-04-01T17:39:50Z",
        "parameters": {
            "witness": {"threshold": 2, "witnesses": witnesses},
            "updateKeys": ["z6MkgzBDcBFV3sk4ypPE5YXMZHmS213A3HpYY2LmcVKV15jr"],
            "nextKeyHashes": ["QmZreDcjvWEpyRFznQeExWNCsvMLk5i59AcRJJuQC8UodJ"],
            "method": "did:webvh:0.5",
            "scid": "QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE",
        },
        "state": {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": "did:webvh:QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE:domain.example",
        },
    }
    assert hash_value(entry) == "QmQ6FJ4fk2xheSSQoEjVpTgx9AQPKhJgtR9hn1nr4EeCrZ"


# --- a life ----------------------------------------------------------------------------------------


def test_a_log_is_born_with_its_name_in_it() -> None:
    """The name for life, and where the log is served, are both in the document."""
    diary = Diary.begin(FIRST)
    log = diary.log
    assert log.epoch == 1
    assert log.name == f"did:scid:vh:1:{log.scid}"
    assert log.did == f"did:webvh:{log.scid}:{PLACE}"
    document = log.document()
    assert document["id"] == log.name
    assert document["alsoKnownAs"] == [log.did]
    assert document["keyAgreement"] == [f"{log.name}#key-1"]
    assert foreign_verdict(diary)["didDocument"]["alsoKnownAs"] == [log.name]


def test_the_number_of_the_newest_entry_is_the_epoch() -> None:
    """And others count alike."""
    diary = three_entries()
    assert diary.log.epoch == 3
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 3


def test_a_key_that_was_not_promised_writes_nothing() -> None:
    """Also the one that wrote the entry before: it is spent."""
    diary = three_entries()
    for key in (THIRD, STRANGER):
        with pytest.raises(CannotWrite, match="not promised"):
            diary.write(key, Changes(next_keys=()))


def test_a_promise_is_renewed_or_ended_expressly() -> None:
    """Else it would end by oversight."""
    diary = Diary.begin(FIRST, Changes(next_keys=(SECOND.multikey,)))
    with pytest.raises(CannotWrite, match="next_keys"):
        diary.write(SECOND)
    diary.write(SECOND, Changes(next_keys=()))
    assert diary.log.signing_keys == (SECOND.multikey,)
    diary.write(SECOND)
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 3


def test_without_promises_the_keys_before_sign() -> None:
    """New keys count from the entry after on."""
    diary = Diary.begin(FIRST)
    with pytest.raises(CannotWrite, match="may not sign"):
        diary.write(SECOND)
    diary.write(FIRST, Changes(update_keys=(SECOND.multikey,)))
    with pytest.raises(CannotWrite, match="may not sign"):
        diary.write(FIRST)
    diary.write(SECOND)
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 3


def test_a_lost_key_is_replaced_by_one_that_was_promised_too() -> None:
    """An owner's, in a drawer: its hash stands beside that of the host's in every entry."""
    drawer, new_host = signer(50), signer(51)
    diary = Diary.begin(
        FIRST, Changes(next_keys=(SECOND.multikey,), next_key_hashes=(hash_key(drawer.multikey),))
    )
    diary.write(drawer, Changes(next_keys=(new_host.multikey,)))
    with pytest.raises(CannotWrite, match="not promised"):
        diary.write(SECOND, Changes(next_keys=()))
    diary.write(new_host, Changes(next_keys=()))
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 3


def test_a_move_is_one_entry() -> None:
    """The log is served elsewhere, by another's key, and the pico keeps its name."""
    diary = Diary.begin(FIRST, Changes(next_keys=(SECOND.multikey,)))
    name, before = diary.log.name, diary.log.did
    moved = move_state(diary.log, "elsewhere.example:p")
    diary.write(SECOND, Changes(next_keys=(THIRD.multikey,)), state=moved)
    assert diary.log.name == name
    assert diary.log.did == f"did:webvh:{diary.log.scid}:elsewhere.example:p"
    assert diary.log.document()["alsoKnownAs"] == [before, diary.log.did]
    assert diary.log.document_called(before)["id"] == before
    assert foreign_verdict(diary)["didDocument"]["id"] == diary.log.did


def test_many_moves_do_not_make_the_document_longer() -> None:
    """It knows the place before, and not all of them."""
    diary = Diary.begin(FIRST)
    sizes = set()
    for number in range(10, 20):
        diary.write(FIRST, state=move_state(diary.log, f"host{number}.example"))
        sizes.add(len(str(diary.log.newest.entry.state)))
    assert len(sizes) == 2


def test_what_is_not_portable_does_not_move() -> None:
    """Unless it said so in its first entry."""
    diary = Diary.begin(FIRST, portable=False)
    with pytest.raises(DidRefused, match="not-portable"):
        diary.write(FIRST, state=move_state(diary.log, "elsewhere.example"))


@pytest.mark.parametrize("promised", [True, False])
def test_a_log_ends(promised: bool) -> None:
    """Its document is not to be had any more, that of the past is, and nothing follows."""
    diary = Diary.begin(FIRST, Changes(next_keys=(FIRST.multikey,) if promised else None))
    diary.now_s += 60
    diary.add(deactivate_log(diary.log, FIRST, diary.now_s))
    assert diary.log.deactivated
    with pytest.raises(DidRefused, match="deactivated"):
        diary.log.document()
    assert diary.log.document(1)["id"] == diary.log.name
    with pytest.raises(CannotWrite, match="has ended"):
        diary.write(FIRST)
    assert foreign_verdict(diary)["didDocumentMetadata"]["deactivated"] is True


def test_the_past_can_be_asked() -> None:
    """By number."""
    diary = three_entries()
    assert diary.log.version(1).time_s == NOW_S
    for wrong in (0, 4):
        with pytest.raises(DidRefused, match="not-found"):
            diary.log.version(wrong)


def test_entries_of_one_second_have_different_times() -> None:
    """The second is a second later than the clock, which verifiers allow."""
    entry = create_log(state(), FIRST, NOW_S)
    log = verify_log([entry], NOW_S)
    again = update_log(log, FIRST, NOW_S)
    assert verify_log([entry, again], NOW_S).newest.time_s == NOW_S + 1


def test_a_first_document_has_a_place_for_its_name() -> None:
    """Otherwise it could have no self-certifying one."""
    with pytest.raises(CannotWrite, match="begins with"):
        create_log({"id": "did:example:1"}, FIRST, NOW_S)


# --- witnesses -------------------------------------------------------------------------------------


def witnessed() -> Diary:
    return Diary.begin(FIRST, Changes(witness=rule(2, WITNESSES)), witnesses=WITNESSES[:2])


def test_enough_witnesses_are_enough() -> None:
    """Any two of the three, each time."""
    diary = witnessed()
    diary.write(FIRST, witnesses=WITNESSES[1:])
    assert foreign_verdict(diary)["didDocumentMetadata"]["versionNumber"] == 2


@pytest.mark.parametrize("approving", [[], [11], [11, 11], [11, 99]], ids=str)
def test_too_few_witnesses_are_too_few(approving: list[int]) -> None:
    """The same one twice, or a stranger, does not count."""
    diary = witnessed()
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(FIRST, witnesses=[signer(number) for number in approving])


def test_who_approves_an_entry_has_approved_those_before() -> None:
    """So only the last approvals need to be kept."""
    diary = witnessed()
    diary.write(FIRST, witnesses=WITNESSES[:2])
    last = [approve(diary.log.newest.entry.version_id, one, NOW_S) for one in WITNESSES[1:]]
    assert verify_log(diary.log.entries, diary.now_s, last).epoch == 2


def test_approvals_of_entries_that_are_not_there_prove_nothing() -> None:
    """Nobody can tell what was approved."""
    diary = witnessed()
    entry = update_log(diary.log, FIRST, NOW_S + 60)
    ahead = [approve(entry.version_id, one, NOW_S) for one in WITNESSES]
    with pytest.raises(DidRefused, match="not-witnessed"):
        verify_log(diary.log.entries, NOW_S, ahead)
    assert verify_log([*diary.log.entries, entry], NOW_S, ahead).epoch == 2


def test_new_witnesses_count_from_the_next_entry_on() -> None:
    """The old ones approve who comes after them, also that nobody does."""
    diary = witnessed()
    others = [signer(21)]
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(FIRST, Changes(witness=rule(1, others)), witnesses=others)
    diary.write(FIRST, Changes(witness=rule(1, others)), witnesses=WITNESSES[:2])
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(FIRST, Changes(without_witnesses=True), witnesses=WITNESSES)
    diary.write(FIRST, Changes(without_witnesses=True), witnesses=others)
    diary.write(FIRST)
    assert diary.log.epoch == 4


def test_the_first_witnesses_approve_the_entry_that_names_them() -> None:
    """It is in force at once ("The `witness` Parameter")."""
    diary = Diary.begin(FIRST)
    with pytest.raises(DidRefused, match="not-witnessed"):
        diary.write(FIRST, Changes(witness=rule(1, WITNESSES)))
    diary.write(FIRST, Changes(witness=rule(1, WITNESSES)), witnesses=WITNESSES[:1])
    assert diary.log.epoch == 2


def test_a_bad_approval_among_good_ones_is_ignored() -> None:
    """Whoever adds one could otherwise stop everybody."""
    diary = witnessed()
    good = diary.approvals
    forged = approve(good[0].version_id, WITNESSES[2], NOW_S)
    bad = [
        type(forged)(forged.version_id, {**forged.proof, **change})
        for change in (
            {"proofValue": good[0].proof["proofValue"]},
            {"proofValue": 7},
            {"verificationMethod": "did:key:x#x"},
            {"cryptosuite": "x"},
        )
    ]
    assert verify_log(diary.log.entries, NOW_S, [*bad, *good]).epoch == 1
    with pytest.raises(DidRefused, match="not-witnessed"):
        verify_log(diary.log.entries, NOW_S, [*bad, good[0]])


def test_approvals_are_written_as_they_are_read() -> None:
    """`did-witness.json`."""
    diary = witnessed()
    assert approvals_from_json(approvals_to_json(diary.approvals)) == tuple(diary.approvals)


@pytest.mark.parametrize(
    "text",
    [" " * (WITNESS_BYTES + 1), json.dumps([{"versionId": "x", "proof": [{}] * (WITNESS_PROOFS + 1)}])],
    ids=["bytes", "proofs"],
)
def test_too_many_approvals_are_refused_unread(text: str) -> None:
    """Each costs a verification."""
    with pytest.raises(DidRefused, match="too-large"):
        approvals_from_json(text)


# --- what is known already -------------------------------------------------------------------------


def test_a_log_is_written_as_it_is_read() -> None:
    """JSON lines."""
    entries = three_entries().log.entries
    text = log_to_jsonl(entries)
    assert text.count("\n") == 3
    assert log_from_jsonl(text) == entries


def test_what_was_verified_is_not_verified_again() -> None:
    """The versions are the very same objects."""
    diary = three_entries()
    again = verify_log(log_from_jsonl(log_to_jsonl(diary.log.entries)), diary.now_s, known=diary.log)
    assert all(one is other for one, other in zip(again.versions, diary.log.versions, strict=True))
    longer = diary.write(signer(4), Changes(next_keys=()))
    assert longer.versions[2] is diary.log.versions[2]


def test_an_older_copy_is_a_shorter_log() -> None:
    """It is true, and it is not up to date: its epoch tells."""
    diary = three_entries()
    assert verify_log(diary.log.entries[:2], diary.now_s, known=diary.log).epoch == 2


def test_two_stories_of_one_pico_do_not_go_together() -> None:
    """Each is good; the second to arrive is refused."""
    diary = Diary.begin(FIRST)
    one = update_log(diary.log, FIRST, NOW_S + 60)
    other = update_log(diary.log, FIRST, NOW_S + 61)
    first = verify_log([*diary.log.entries, one], NOW_S + 90)
    assert verify_log([*diary.log.entries, other], NOW_S + 90).epoch == 2
    with pytest.raises(DidRefused, match="forked") as caught:
        verify_log([*diary.log.entries, other], NOW_S + 90, known=first)
    assert caught.value.version == 2


# --- others' logs ----------------------------------------------------------------------------------


def test_a_log_that_others_wrote_is_believed() -> None:
    """`did-webvh` promises keys and changes them."""
    keys = [foreign_key(number) for number in (1, 2, 3)]
    log = ForeignLog(state(), keys[0], portable=True)
    log.write(keys[0], nextKeyHashes=[log.promise(keys[1])])
    log.write(keys[1], updateKeys=[keys[1].multikey], nextKeyHashes=[log.promise(keys[2])])
    log.write(keys[2], updateKeys=[keys[2].multikey], nextKeyHashes=[], ttl=60)
    verified = verify_log(log_from_jsonl(log.text), NOW_S)
    assert verified.epoch == 4
    assert verified.signing_keys == (signer(3).multikey,)
    assert foreign_verdict_of(verified.did, log.text)["didDocument"] == verified.newest.entry.state


def test_a_log_of_others_is_continued() -> None:
    """By the same key, here."""
    foreign = ForeignLog(state(), foreign_key(1))
    log = verify_log(log_from_jsonl(foreign.text), NOW_S)
    entries = [*log.entries, update_log(log, FIRST, NOW_S)]
    assert foreign_verdict_of(log.did, log_to_jsonl(entries))["didDocumentMetadata"]["versionNumber"] == 2


def test_null_stands_for_the_default() -> None:
    """Early software wrote it; readers should take it, says "General Rules for Parameters"."""
    foreign = json.loads(log_to_jsonl([create_log(state(), FIRST, NOW_S)]))
    draft = {**foreign["parameters"], "witness": None, "ttl": None, "nextKeyHashes": None}
    assert (
        verify_log([first_entry({**draft, "scid": "{SCID}"}, FIRST)], NOW_S).newest.parameters.ttl_s == 3600
    )


STEPS = st.lists(
    st.sampled_from(["write", "promise", "stop", "move", "witness", "unwitness", "ttl"]), max_size=6
)


@settings(max_examples=examples(25), deadline=None)
@given(STEPS, st.booleans())
def test_whatever_is_written_others_believe(steps: list[str], promising: bool) -> None:
    """Keys, places and witnesses change in any order."""
    key, number = FIRST, 100
    diary = Diary.begin(key, Changes(next_keys=(signer(101).multikey,) if promising else None))
    for step in steps:
        promised = bool(diary.log.newest.parameters.next_key_hashes)
        number += promised
        key = signer(number) if promised else key
        following = (signer(number + 1).multikey,)
        next_keys = (
            following if step == "promise" or (promised and step != "stop") else (() if promised else None)
        )
        changes = {
            "witness": Changes(next_keys=next_keys, witness=rule(2, WITNESSES)),
            "unwitness": Changes(next_keys=next_keys, without_witnesses=True),
            "ttl": Changes(next_keys=next_keys, ttl_s=60),
        }.get(step, Changes(next_keys=next_keys))
        moved = move_state(diary.log, f"host{number}.example:{diary.log.epoch}") if step == "move" else None
        diary.write(key, changes, state=moved, witnesses=WITNESSES)
    verdict = foreign_verdict(diary)
    assert verdict["didDocument"] == diary.log.newest.entry.state
    assert verdict["didDocumentMetadata"]["versionId"] == diary.log.newest.entry.version_id
    assert read_time(verdict["didDocumentMetadata"]["versionTime"], "") == diary.log.newest.time_s


def test_the_examples_of_people_are_what_they_look_like() -> None:
    """The document of a pico has a key for messages, and both of its names."""
    assert state()["id"] == unborn_did(PLACE)
    assert state()["alsoKnownAs"] == [UNBORN_NAME]
    assert state()["verificationMethod"][0]["publicKeyMultibase"] == X25519
