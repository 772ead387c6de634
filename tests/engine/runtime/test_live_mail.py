"""Messages and mail along a line that stays open: answered on it, delivered as they come, and bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.adapters.http import duplex
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols import picomesh, trust_ping
from engine.core.protocols.routing import forward
from engine.did_choice import ANYBODY
from tests.engine.in_loop import in_loop
from tests.engine.runtime.clients import Client, Duplex, Wire, an_envelope, another_did, delivered, send_mail
from tests.engine.runtime.mesh import Member, Mesh, Stranger

A, B, C = an_envelope("a"), an_envelope("b"), an_envelope("c")


async def registered(number: int = 1, med: Member | None = None) -> tuple[Member, Client, str]:
    if med is None:
        med = Member("med", Mesh(settings={"mediator_for": ANYBODY}))
        await med.start()
    client, did = Client(f"zoe{number}", med.mesh, med), another_did(number, med.mail.engine_did())
    assert await client.register(did) == ["success"]
    return med, client, did


async def mail(med: Member, to: str, *envelopes: bytes) -> None:
    for one in envelopes:
        assert await send_mail(Stranger("sam", med.mesh), med, to, one) == 202


async def until_quiet() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


@in_loop
async def test_mail_comes_along_the_line_as_it_comes() -> None:
    """What waited before is asked for; what is not acknowledged waits on, and is there on the next line."""
    med, zoe, did = await registered()
    await mail(med, did, A)
    line = Duplex(zoe, await Wire(med).opened())
    status = await line.go_live()
    assert (status.message.body["message_count"], status.message.body["live_delivery"]) == (1, True)
    await mail(med, did, B, C)
    first, second = await line.hear(), await line.hear()
    assert (first.message.type, first.message.thid) == (pickup.DELIVERY, None)
    assert [*delivered(first).values(), *delivered(second).values()] == [B, C]
    gone = await line.say(pickup.RECEIVED, {"message_id_list": list(delivered(first))})
    assert gone.message.body["message_count"] == 2
    await line.wire.hang_up()
    assert list((await zoe.fetch()).values()) == [A, C]


@in_loop
async def test_live_mode_is_of_the_line_and_the_client() -> None:
    """Nobody else's line gets anything, the client's own only as long as they want it so."""
    med, zoe, did = await registered()
    _, yan, _ = await registered(2, med)
    live, other = Duplex(zoe, await Wire(med).opened()), Duplex(yan, await Wire(med).opened())
    idle = Duplex(zoe, await Wire(med).opened())
    await live.go_live()
    await other.go_live()
    await mail(med, did, A)
    assert list(delivered(await live.hear()).values()) == [A]
    assert (await live.go_live(False)).message.body["live_delivery"] is False
    await mail(med, did, B)
    await until_quiet()
    assert [one.wire.out.empty() for one in (live, other, idle)] == [True] * 3


@in_loop
async def test_a_wish_for_live_mode_that_is_played_again_has_no_effect() -> None:
    """Somebody who has recorded the envelope gets the old answer on his line, and no mail."""
    med, zoe, did = await registered()
    message = zoe.message(med.mail.engine_did(), pickup.LIVE_CHANGE, {"live_delivery": True})
    recorded = await zoe.envelopes.close(message, med.mail.engine_did())
    zoes, thief = await Wire(med).opened(), await Wire(med).opened()
    zoes.put(recorded)
    await zoes.get()
    thief.put(recorded)
    await thief.get()
    await mail(med, did, A)
    await zoes.get()
    await until_quiet()
    assert thief.out.empty()


@in_loop
async def test_live_mode_needs_a_line() -> None:
    """By POST it is refused with the code that the protocol has for it."""
    _med, zoe, _did = await registered()
    answer = await zoe.say(pickup.LIVE_CHANGE, {"live_delivery": True})
    assert answer.message.body["code"] == "e.m.live-mode-not-supported"


@in_loop
async def test_only_clients_go_live() -> None:
    """A line may be idle for as long as mail is to come along it, so nobody else has that."""
    med, _, _ = await registered()
    line = Duplex(Client("sam", med.mesh, med), await Wire(med).opened())
    answer = await line.go_live()
    assert answer.message.body["code"] == "e.m.live-mode-not-supported"


@in_loop
async def test_who_reads_slowly_is_waited_for() -> None:
    """Of all the messages one is on its way, and the others are in the journal."""
    med, zoe, did = await registered()
    line = Duplex(zoe, await Wire(med).opened())
    await line.go_live()
    line.wire.reads.clear()
    await mail(med, did, *(an_envelope(f"{number}") for number in range(20)))
    await until_quiet()
    assert line.wire.out.empty()
    line.wire.reads.set()
    got = [delivered(await line.hear()) for _ in range(20)]
    assert [next(iter(one.values())) for one in got] == [an_envelope(f"{number}") for number in range(20)]


@in_loop
async def test_who_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and what was on its way is kept."""
    monkeypatch.setattr(duplex, "SEND_S", 0.05)
    med, zoe, did = await registered()
    line = Duplex(zoe, await Wire(med).opened())
    await line.go_live()
    line.wire.reads.clear()
    await mail(med, did, A)
    await line.wire.task
    assert list((await zoe.fetch()).values()) == [A]


@in_loop
async def test_messages_for_picos_come_along_a_line(tmp_path: Path) -> None:
    """In frames of bytes or text; answers go back if that was asked for, once for all or each time."""
    med, zoe, _ = await registered()
    await med.befriend(tmp_path)
    _, did = await med.open()
    line = Duplex(zoe, await Wire(med).opened())
    hello = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
    assert (await line.say(picomesh.EVENT, hello, did)).message.type == picomesh.ACCEPTED
    asked = zoe.message(did, picomesh.QUERY, {"rid": "friend", "function": "seen"}, headers={})
    line.wire.put_text(await zoe.envelopes.close(asked, did))
    assert (await line.hear()).message.body == {"value": [1]}
    await line.tell(trust_ping.PING, {}, did, headers={"return_route": "none"})
    await line.tell(trust_ping.PING, {}, did, headers={})
    await line.tell(trust_ping.PING, {}, did, id="last", headers={"return_route": "thread"})
    assert (await line.hear()).message.thid == "last"


@in_loop
async def test_mail_for_others_comes_along_a_line_too() -> None:
    """A forward is answered with nothing when it was taken; else the line ends, and says why."""
    med, zoe, did = await registered()
    engine, sam, wire = med.mail.engine_did(), Stranger("sam", med.mesh), await Wire(med).opened()
    for to in (did, another_did(9, engine)):
        wire.put(await sam.envelopes.close(forward(f"for {to}"[-20:], A, to, engine), engine))
    end = await wire.ended()
    assert list((await zoe.fetch()).values()) == [A]
    assert (end["type"], end["code"]) == ("websocket.close", 1008)


@in_loop
async def test_what_nobody_can_read_ends_the_line() -> None:
    """Its sender has to hear that it was not taken in."""
    med, _, _ = await registered()
    for nonsense in (b"", b"\xff", b"{}", b"[" * 2000):
        wire = await Wire(med).opened()
        wire.put(nonsense)
        assert (await wire.ended())["code"] == 1008


@in_loop
async def test_there_are_so_many_lines_and_no_more() -> None:
    """The next one is turned away before it is opened, until another ends."""
    med, _, _ = await registered()
    first = await Wire(med, at_once=1).opened()
    turned_away = Wire(med, app=first.app)
    assert (await turned_away.ended())["type"] == "websocket.close"
    await first.hang_up()
    await (await Wire(med, app=first.app).opened()).hang_up()


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1"),
        ("a socket of its own", "a socket of its own", "::1"),
    ],
)
@in_loop
async def test_one_address_has_so_many_lines_and_no_more(first: str, same: str, other: str) -> None:
    """So nobody alone takes all there are, not with all the addresses of one network; it may have a new one
    when one of its own ends."""
    med, _, _ = await registered()
    one = await Wire(med, address=first, per_address=1).opened()
    assert (await Wire(med, app=one.app, address=same).ended())["type"] == "websocket.close"
    another = await Wire(med, app=one.app, address=other).opened()
    await one.hang_up()
    await (await Wire(med, app=one.app, address=same).opened()).hang_up()
    await another.hang_up()


@in_loop
async def test_a_line_on_which_nothing_comes_is_ended() -> None:
    """Unless mail is to come along it."""
    med, zoe, did = await registered()
    assert (await (await Wire(med, idle_s=0).opened()).ended())["code"] == 1001
    line = Duplex(zoe, await Wire(med, idle_s=0.2).opened())
    await line.go_live()
    await mail(med, did, A)
    assert list(delivered(await line.hear()).values()) == [A]
    assert not line.wire.task.done()
    await line.wire.hang_up()


@in_loop
async def test_a_mediator_that_crashes_keeps_what_it_delivered() -> None:
    """Until it was acknowledged: on a line of the engine that is started again it is fetched."""
    med, zoe, did = await registered()
    line = Duplex(zoe, await Wire(med).opened())
    await line.go_live()
    await mail(med, did, A)
    await line.hear()
    await med.crash_and_start()
    again = Duplex(zoe, await Wire(med).opened())
    assert list(delivered(await again.say(pickup.DELIVERY_REQUEST, {"limit": 5})).values()) == [A]
