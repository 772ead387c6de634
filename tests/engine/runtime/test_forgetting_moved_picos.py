"""A pico has been away for long: where it was nothing is left but the proof of where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.model import EventId, PicoId
from engine.ports import KeptLog, WebRequest
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import request_of
from tests.engine.runtime.test_moved_families import Family, heard, move, quiet, setting, tell
from tests.engine.runtime.travelling import Traveller, settle, traveller

DAYS_MS = 24 * 3_600_000


async def long_after(family: Family, *members: Traveller, days: float = 8) -> None:
    family.mesh.clock.move_to(family.mesh.clock.now_ms() + int(days * DAYS_MS))
    await quiet(*members)


def rows_of(member: Traveller, pico: PicoId) -> list[str]:
    """In which tables there is anything of it."""
    disk = member.disk
    tables: dict[str, Any] = {
        "snapshots": disk.snapshots, "records": disk.records, "inbox": dict(disk.inbox), "rests": disk.rests,
        "timers": dict(disk.timers), "errands": dict(disk.errands), "ends": disk.ends,
    }  # fmt: skip
    found = [name for name, rows in tables.items() if any(pico in (key, key[0]) for key in rows)]
    secrets = [f"brought by {pico}", f"state keys of {pico}"]
    return found + [name for name in secrets if disk.facts.get(name)]


def freight_of(member: Traveller) -> list[str]:
    """States on their way that are kept."""
    return [name for name, value in member.disk.facts.items() if name.startswith("load ") and value]


@in_loop
async def test_state_records_and_keys_go_and_the_proof_stays(tmp_path: Path) -> None:
    """After the time that is set, not before; and so it is after a restart."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    await move(family.parent, bob, ann)
    await move(family.parent, ann, bob)
    assert freight_of(ann)
    await long_after(family, ann, bob, days=6.9)
    assert {"snapshots", "records", f"brought by {family.parent}"} <= set(rows_of(ann, family.parent))
    await long_after(family, ann, bob, days=0.2)
    assert rows_of(ann, family.parent) == []
    assert not freight_of(ann)
    await ann.crash_and_start()
    await quiet(ann, bob)
    assert rows_of(ann, family.parent) == []
    kept = ann.mail.lives.kept(family.parent)
    assert kept is not None
    assert kept == bob.mail.lives.kept(family.parent)
    assert isinstance(await bob.run(family.parent, "far:hello", n=1), EventReply)


@in_loop
async def test_whoever_comes_after_that_is_told_where_it_is_with_the_proof(tmp_path: Path) -> None:
    """For events, queries and letters alike. Over HTTP with 410; before, it was 307."""
    family, ann, bob = await setting(tmp_path)
    eci = ann.eci(family.parent)
    did = await ann.mail.channel_did(eci)
    assert isinstance(did, str)
    await move(family.parent, ann, bob)
    before = await ann.run_by(eci, "far:hello", n=1)
    assert isinstance(before, Refusal)
    assert "proof" not in before.extra
    await long_after(family, ann, bob)
    answers = [
        await ann.run_by(eci, "far:hello", n=1),
        await ann.host.accept_event(eci, "far", "hello", {"n": 1}, EventId("e1")),
        await ann.host.run_query(eci, "count", "seen", {}),
    ]
    for told in answers:
        assert isinstance(told, Refusal), told
        assert (told.kind, told.extra["url"]) == ("moved", "http://bob.example")
        log = KeptLog(told.extra["proof"]["log"], told.extra["proof"]["approvals"])
        hosting = ann.moves._office.post.hosting(ann.moves.cases.did_of(family.parent) or "", log)
        assert hosting.host == bob.did
    asked = WebRequest("GET", f"http://ann.example/c/{eci}/query/count/seen", {}, None)
    told = await request_of(ann.host, asked)
    assert (told.status_code, told.json()["code"], "log" in told.json()["proof"]) == (410, "moved", True)
    owner = {"authorization": f"Bearer {ann.host.access.admit_owner()}"}
    for path in ("log", "state", "replay"):
        asked = WebRequest("GET", f"http://127.0.0.1/api/{path}?eci={eci}", owner, None)
        assert (await request_of(ann.host, asked)).status_code == 410
    envelope = json.dumps({"recipients": [{"header": {"kid": f"{did}#key-2"}}]}).encode()
    receipt = await ann.mail.reception._pass_on(envelope)
    assert (receipt.verdict, receipt.more["proof"] == told.json()["proof"]) == ("moved", True)


@in_loop
async def test_nothing_is_forgotten_that_was_accepted(tmp_path: Path) -> None:
    """As long as its new engine does not answer, what waits for it stays, and then gets there."""
    family, ann, bob = await setting(tmp_path)
    eci = ann.eci(family.parent)
    await move(family.parent, ann, bob)
    bob.crash()
    assert await ann.host.accept_event(eci, "far", "hello", {"n": 1}, EventId("e1")) == "e1"
    await long_after(family, ann)
    assert "inbox" in rows_of(ann, family.parent)
    await bob.start()
    for _ in range(20):
        family.mesh.clock.move_to(family.mesh.clock.now_ms() + 60_000)
        await settle(ann, bob)
    assert await bob.seen(family.parent) == [1]
    assert rows_of(ann, family.parent) == []


@in_loop
async def test_its_family_reaches_it_all_the_same(tmp_path: Path) -> None:
    """Whoever stayed, and whoever left from there later; and it reaches them."""
    family, ann, bob = await setting(tmp_path)
    cyd = await traveller(family.mesh, "cyd")
    await move(family.parent, ann, bob)
    await long_after(family, ann, bob, cyd)
    assert rows_of(ann, family.parent) == []
    await tell(ann, family.child, family.to_parent, 1)
    await quiet(ann, bob)
    await move(family.child, ann, cyd, bob)
    await long_after(family, ann, bob, cyd)
    await tell(cyd, family.child, family.to_parent, 2)
    await tell(bob, family.parent, family.to_child, 3)
    await quiet(ann, bob, cyd)
    assert await heard(bob, family.parent) == [1, 2]
    assert await heard(bob, family.parent, "from") == [family.child] * 2
    assert await heard(cyd, family.child) == [3]


@in_loop
async def test_it_comes_back_as_it_is(tmp_path: Path) -> None:
    """To where nothing was kept of it; channels that it has closed meanwhile are closed there too."""
    family, ann, bob = await setting(tmp_path)
    nothing: dict[str, Any] = {"allow": [], "deny": []}
    policies = {"eventPolicy": nothing, "queryPolicy": nothing}
    await ann.run(family.parent, "wrangler:new_channel_request", tags=["odd"], **policies)
    channels = ann.host.channels_of(family.parent)
    closed = next(eci for eci, one in channels.items() if one.tags == ("odd",))
    await move(family.parent, ann, bob)
    await bob.run(family.parent, "wrangler:channel_deletion_request", eci=closed)
    await long_after(family, ann, bob)
    await move(family.parent, bob, ann)
    assert isinstance(await ann.run(family.parent, "far:hello", n=5), EventReply)
    assert await ann.seen(family.parent) == [5]
    assert not ann.moves.is_forgotten(family.parent)
    assert ann.journal.find_channel(closed) is None
    await move(family.parent, ann, bob)
    assert await bob.seen(family.parent) == [5]


@in_loop
async def test_the_tree_shows_it_still(tmp_path: Path) -> None:
    """By its id and its place, which is all that is known, and below it whom it has left behind."""
    family, ann, bob = await setting(tmp_path)
    await move(family.parent, ann, bob)
    await long_after(family, ann, bob)
    (shown,) = (one for one in ann.host.tree().children if one.id == family.parent)
    assert (shown.eci, shown.rulesets) == (None, ())
    assert [one.id for one in shown.children] == [family.child]
    assert shown.moved == {"engine": Did(bob.did), "url": "http://bob.example"}
