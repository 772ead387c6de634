"""Engines that say of a pico what is not so, with real keys of their own: nothing comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.dids import Did
from engine.core.messages import Event
from engine.core.migration.messages import Attempt, Offer
from engine.core.model import Eci, EventId, PicoId
from engine.core.protocols import migration_goods
from engine.core.protocols.migration_goods import FORWARDED, RECEIVED, SENT, Carried
from engine.core.records import encode_request
from engine.ports import CannotSend
from engine.runtime.moves.cases import name_of_engine
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.travelling import Traveller, settle, traveller


async def setting(folder: Path) -> tuple[Traveller, Traveller, Traveller, PicoId]:
    """Ann has a pico that has a name for life; Cyd is who lies."""
    mesh = Mesh()
    ann, bob, cyd = [await traveller(mesh, name) for name in ("ann", "bob", "cyd")]
    pico = await ann.counter(folder)
    await ann.mail.life(ann.eci(pico))
    return ann, bob, cyd, pico


@in_loop
async def test_nobody_offers_what_lives_elsewhere(tmp_path: Path) -> None:
    """Though the log that he shows is real."""
    ann, bob, cyd, pico = await setting(tmp_path)
    kept = ann.mail.lives.kept(pico)
    assert kept is not None
    did, post = str(await ann.mail.lives.name(pico)), cyd.moves._office.post
    for epoch in (1, 2):
        attempt = Attempt(epoch, 1, "00" * 16, name_of_engine(cyd.did), name_of_engine(bob.did))
        more = {"log": kept.lines, "pico": pico, "size": 1, "rulesets": []}
        more["formats"] = {"state": 1, "records": 1}
        offer = post.compose(Did(bob.did), did, Offer(attempt), more)
        with pytest.raises(CannotSend):
            await post.send(offer, Did(bob.did))
        await settle(ann, bob, cyd)
        assert bob.moves.listed() == []


@in_loop
async def test_what_is_handed_over_is_signed_by_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key of the newest entry; else it is not taken, and the pico stays where it is."""
    ann, bob, _, pico = await setting(tmp_path)
    monkeypatch.setattr(ann.moves.saying, "_prove", lambda *told: bytes(64))
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    assert bob.journal.find_channel(Eci(pico)) is None
    assert isinstance(await ann.run(pico, "far:hello", n=1), EventReply)


@pytest.mark.parametrize(("kind", "sender"), [(FORWARDED, None), (SENT, None), (SENT, "itself")])
@in_loop
async def test_nobody_sends_on_what_was_never_sent_to_him(
    tmp_path: Path, kind: str, sender: str | None
) -> None:
    """Only engines that the log names are believed, and only the one where it lives speaks for it."""
    ann, bob, cyd, pico = await setting(tmp_path)
    eci = ann.eci(pico)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob, cyd)
    did = ann.moves.cases.did_of(pico)
    event = Event(eci, "far", "hello", {"n": 9}, EventId("e9"), sender=pico if sender else None)
    body: dict[str, Any] = {"did": did, "epoch": 2}
    body["events"] = migration_goods.write_events([Carried(event.eid, encode_request(event))])
    post = cyd.moves._office.post
    for victim in (ann, bob):
        try:
            told = await post.ask(Did(victim.did), kind, RECEIVED, body)
            assert told.body["ids"] == []
        except CannotSend:
            pass
        await settle(ann, bob, cyd)
        await victim.host.wait_quiet()
    assert await bob.seen(pico) == []
    assert ann.journal.find_channel(Eci(eci)) == pico
