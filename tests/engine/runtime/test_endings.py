"""Picos that are deleted: their names end too, whatever happens in between, and their logs say so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from engine.adapters.dids import (
    VerifiedLog,
    add_assents,
    approvals_from_json,
    approvals_to_json,
    assent,
    did_of_key,
    log_from_jsonl,
    log_to_jsonl,
    request_from_json,
    verify_log,
)
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import Guard, KeptLog
from tests.engine.adapters.dids.foreign_logs import foreign_verdict_of
from tests.engine.adapters.dids.people import signer
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh

LATER_S = 4_000_000_000.0
GUARDIAN = signer(11)


async def named(one: Member, eci: Eci) -> tuple[PicoId, str]:
    """The pico with that channel, which has a name for life from now on."""
    told = await one.mail.life(eci)
    assert not isinstance(told, Refusal), told
    return told["pico"], told["did"]


def log_of(one: Member, pico: PicoId) -> VerifiedLog:
    kept = one.mail.lives.kept(pico)
    assert kept is not None
    return verify_log(log_from_jsonl(kept.lines), LATER_S, approvals_from_json(kept.approvals or "[]"))


@in_loop
async def test_the_log_of_a_deleted_pico_ends(tmp_path: Path) -> None:
    """Of those below it too; it is served on, and nobody can write to the name any more."""
    ann = await Mesh().add("ann", tmp_path)
    eci = await ann.child("Kid")
    pico, did = await named(ann, eci)
    await ann.send("wrangler:child_deletion_request", eci=eci)
    await ann.host.wait_quiet()
    assert log_of(ann, pico).deactivated
    async with AsyncClient(transport=ASGITransport(ann.app()), base_url="http://ann.example") as http:
        served = await http.get(f"/picos/{pico}/did.jsonl")
    assert served.status_code == 200
    verdict = await asyncio.to_thread(foreign_verdict_of, log_of(ann, pico).did, served.text)
    assert verdict["didDocumentMetadata"]["deactivated"] is True
    assert ann.mail.lives.pico_of(did) is None
    assert isinstance(await ann.mail.life(eci), Refusal)


@in_loop
async def test_one_without_a_name_leaves_none(tmp_path: Path) -> None:
    """Its id was never told to anybody."""
    ann = await Mesh().add("ann", tmp_path)
    eci = await ann.child("Kid")
    facts = set(ann.disk.facts)
    await ann.send("wrangler:child_deletion_request", eci=eci)
    await ann.host.wait_quiet()
    assert set(ann.disk.facts) == facts


@in_loop
async def test_a_crash_right_after_the_deletion_changes_nothing(tmp_path: Path) -> None:
    """The next start finds a log without a pico, and ends it; once."""
    ann = await Mesh().add("ann", tmp_path)
    eci = await ann.child("Kid")
    pico, _ = await named(ann, eci)
    ann.host.when_gone(lambda _: ann.crash())
    await ann.send("wrangler:child_deletion_request", eci=eci)
    await ann.start()
    assert not log_of(ann, pico).deactivated
    await ann.host.wait_quiet()
    assert log_of(ann, pico).deactivated
    ended = dict(ann.disk.facts)
    await ann.crash_and_start()
    await ann.host.wait_quiet()
    assert ann.disk.facts == ended


@in_loop
async def test_a_log_that_guardians_watch_is_not_ended_without_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They can still take the name back; so it stays as it is, and the log of the engine says so."""
    ann = await Mesh().add("ann", tmp_path)
    eci = await ann.child("Kid")
    pico, _ = await named(ann, eci)
    await have_watched(ann, eci)
    before = ann.mail.lives.kept(pico)
    await ann.send("wrangler:child_deletion_request", eci=eci)
    await ann.host.wait_quiet()
    assert ann.mail.lives.kept(pico) == before
    assert "its log cannot be ended: guardians have to approve" in caplog.text


async def have_watched(one: Member, eci: Eci) -> None:
    """From now on a guardian approves each entry, as this one."""
    now_s = one.mesh.clock.now_ms() / 1000
    guard = Guard(1, (did_of_key(GUARDIAN.multikey),), watching=True)
    asked = await one.mail.guarding.ask(eci, guard, "")
    assert not isinstance(asked, Refusal), asked
    request = request_from_json(asked["request"], now_s)
    granted = add_assents(request, [assent(request, GUARDIAN, now_s)])
    more = KeptLog(log_to_jsonl([granted.entry]), approvals_to_json(granted.approvals))
    told = await one.mail.lives.extend(eci, more)
    assert not isinstance(told, Refusal), told
