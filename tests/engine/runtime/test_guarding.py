"""Guardians and owners as an engine serves them: what it writes, what it asks for, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from engine.adapters.dids import (
    SeedSigner,
    approvals_to_json,
    did_of_key,
    hash_key,
    log_from_jsonl,
    log_to_jsonl,
    request_from_json,
    verify_log,
)
from engine.adapters.dids.log_writing import sign_entry
from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.ports import Guard, KeptLog, OwnersKey, Recover, Rotate
from tests.engine.adapters.browser import URL
from tests.engine.adapters.dids.people import signer
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh

OWNER, NEXT = signer(21), signer(22)
GUARDIANS = tuple(did_of_key(signer(number).multikey) for number in (11, 12, 13))
GUARD = Guard(2, GUARDIANS)


def promised(key: SeedSigner) -> OwnersKey:
    return OwnersKey(
        hash_key(key.multikey), tuple(did_of_key(signer(number).multikey) for number in (31, 32))
    )


def now_s(one: Member) -> float:
    return one.mesh.clock.now_ms() / 1000


def recovering(one: Member, key: SeedSigner = OWNER) -> Recover:
    return Recover(one.mail.lives.url, one.mail.engine_did(), key.multikey, promised(NEXT))


async def signed(one: Member, eci: Eci, key: SeedSigner, whole: KeptLog | None = None) -> KeptLog:
    """The whole log, with the entry that an owner has signed with this key."""
    asked = await one.mail.guarding.ask(eci, recovering(one, key), "", whole)
    assert not isinstance(asked, Refusal), asked
    request = request_from_json(asked["request"], now_s(one))
    entry = sign_entry(request.entry, key, now_s(one))
    return KeptLog(log_to_jsonl([*request.log.entries, entry]), approvals_to_json(request.approvals))


def kept(told: Any) -> KeptLog:
    assert not isinstance(told, Refusal), told
    return KeptLog(told["log"], told["approvals"])


@in_loop
async def test_a_request_changes_nothing(tmp_path: Path) -> None:
    """Whoever reads it can do nothing with it alone."""
    ann = await Mesh().add("ann", tmp_path)
    eci = ann.host.root_eci()
    await ann.mail.guarding.promise(eci, promised(OWNER))
    before = kept(await ann.mail.life(eci))
    asked = await ann.mail.guarding.ask(eci, recovering(ann), "a note")
    assert not isinstance(asked, Refusal), asked
    assert request_from_json(asked["request"], now_s(ann)).entry.proof == ()
    assert kept(await ann.mail.life(eci)) == before


@in_loop
async def test_an_owner_takes_the_log_up(tmp_path: Path) -> None:
    """With the key that was promised, and nobody with another."""
    ann = await Mesh().add("ann", tmp_path)
    eci = ann.host.root_eci()
    await ann.mail.guarding.promise(eci, promised(OWNER))
    stranger = await ann.mail.guarding.ask(eci, recovering(ann, signer(99)), "")
    assert isinstance(stranger, Refusal)
    assert "was not promised" in stranger.reason
    more = await signed(ann, eci, OWNER)
    log = verify_log(log_from_jsonl(kept(await ann.mail.lives.extend(eci, more)).lines), now_s(ann) + 60)
    rules = log.newest.parameters
    assert hash_key(NEXT.multikey) in rules.next_key_hashes
    assert hash_key(OWNER.multikey) not in rules.next_key_hashes


@in_loop
async def test_two_picos_of_an_engine_do_not_have_one_name(tmp_path: Path) -> None:
    """The one that has it keeps it, until it is deleted."""
    ann = await Mesh().add("ann", tmp_path)
    first, second = await ann.child("First"), await ann.child("Second")
    whole = kept(await ann.mail.guarding.promise(first, promised(OWNER)))
    more = await signed(ann, second, OWNER, whole)
    told = await ann.mail.lives.extend(second, more)
    assert isinstance(told, Refusal)
    assert "two cannot have it" in told.reason
    assert kept(await ann.mail.life(first)) == whole


@in_loop
async def test_a_pico_has_one_name_for_life(tmp_path: Path) -> None:
    """One that has a log does not take up another's."""
    mesh = Mesh()
    ann, ben = await mesh.add("ann", tmp_path), await mesh.add("ben", tmp_path)
    whole = kept(await ann.mail.guarding.promise(ann.host.root_eci(), promised(OWNER)))
    eci = ben.host.root_eci()
    more = await signed(ben, eci, OWNER, whole)
    await ben.mail.life(eci)
    told = await ben.mail.lives.extend(eci, more)
    assert isinstance(told, Refusal)
    assert "one name for life" in told.reason
    again = await ben.mail.guarding.ask(eci, recovering(ben), "", whole)
    assert isinstance(again, Refusal)


@in_loop
async def test_what_nobody_has_to_approve_is_not_asked_for(tmp_path: Path) -> None:
    """The engine may do it alone."""
    ann = await Mesh().add("ann", tmp_path)
    eci = ann.host.root_eci()
    await ann.mail.life(eci)
    for change in (Rotate(), GUARD):
        told = await ann.mail.guarding.ask(eci, change, "")
        assert isinstance(told, Refusal)
        assert "without --ask" in told.reason


@in_loop
async def test_guardians_stay_through_entries_of_every_day(tmp_path: Path) -> None:
    """A rotation, and a new place of the engine."""
    ann = await Mesh().add("ann", tmp_path)
    eci = ann.host.root_eci()
    await ann.mail.life(eci)
    named = await ann.mail.guarding.guard(eci, GUARD)
    assert not isinstance(named, Refusal), named
    await ann.mail.lives.rotate(eci)
    await ann.move("elsewhere")
    told = await ann.mail.life(eci)
    assert not isinstance(told, Refusal), told
    assert told["epoch"] == named["epoch"] + 2
    assert told["guardians"] == {"needed": 2, "of": list(GUARDIANS), "alone": 1}


BAD = [
    ("guardians", {}),
    ("guardians", {"eci": 7}),
    ("guardians", {"needed": "2", "of": []}),
    ("guardians", {"needed": 1.5, "of": []}),
    ("guardians", {"needed": 2, "of": "did:key:z6Mk"}),
    ("guardians", {"needed": 2, "of": [7]}),
    ("guardians", {"needed": 2, "of": ["did:key:z6Mk"] * 65}),
    ("guardians", {"needed": -1, "of": list(GUARDIANS)}),
    ("guardians", {"needed": 4, "of": list(GUARDIANS)}),
    ("guardians", {"needed": 32, "of": [did_of_key(signer(number).multikey) for number in range(100, 140)]}),
    ("guardians", {"promise": "hash"}),
    ("guardians", {"promise": {"hash": 7}}),
    ("guardians", {"promise": {"hash": "x" * 5000}}),
    ("request", {}),
    ("request", {"change": "take"}),
    ("request", {"change": ["rotate"]}),
    ("request", {"change": "recover", "log": 7}),
    ("request", {"change": "recover", "signer": "z6Mk"}),
    ("request", {"change": "rotate", "note": "x" * 2000}),
    ("request", {"change": "guard", "needed": 1, "of": ["did:web:a.example"]}),
]


@pytest.mark.parametrize(("route", "body"), BAD)
@in_loop
async def test_what_makes_no_sense_is_refused(tmp_path: Path, route: str, body: dict[str, Any]) -> None:
    """With a 4xx that says why, and the log as it was."""
    ann = await Mesh().add("ann", tmp_path)
    eci = ann.host.root_eci()
    before = kept(await ann.mail.life(eci))
    as_owner = {"authorization": f"Bearer {ann.host.access.admit_owner()}"}
    async with AsyncClient(transport=ASGITransport(ann.app()), base_url=URL, headers=as_owner) as http:
        answer = await http.post(f"/api/did/{route}", json={"eci": eci, **body} if body else body)
        looked = await http.get(f"/api/did/{route}", params={"eci": eci})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["detail"]
    assert looked.status_code == 405
    assert kept(await ann.mail.life(eci)) == before
