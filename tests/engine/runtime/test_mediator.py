"""An engine takes in mail for those who ask it to, and keeps it for them alone until they have it."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.mediation import V2, V3, Dialect
from engine.core.protocols.report_problem import REPORT
from engine.did_choice import ANYBODY, DidChoice
from tests.engine.in_loop import in_loop
from tests.engine.runtime.clients import QUERY, REQUEST, UPDATE, Client, an_envelope, another_did, send_mail
from tests.engine.runtime.mesh import Member, Mesh, Stranger

A, B = an_envelope("a"), an_envelope("b")
HOUR_MS = 3_600_000


async def mediator(**settings: object) -> tuple[Member, Client]:
    """Of anybody who asks, unless something else is said; and somebody who may ask."""
    mesh = Mesh(settings={"mediator_for": ANYBODY, **settings})
    member = Member("med", mesh)
    await member.start()
    return member, Client("zoe", mesh, member)


async def client_with_mail(*envelopes: bytes, **settings: object) -> tuple[Member, Client, str]:
    med, zoe = await mediator(**settings)
    did = another_did(1, med.mail.engine_did())
    assert await zoe.register(did) == ["success"]
    for one in envelopes:
        assert await send_mail(Stranger("sam", med.mesh), med, did, one) == 202
    return med, zoe, did


@pytest.mark.parametrize("dialect", [V2, V3])
@in_loop
async def test_mediation_is_granted_and_dids_are_kept(dialect: Dialect) -> None:
    """In both versions; the grant names the engine, and what was agreed outlives a crash."""
    med, zoe = await mediator()
    grant = await zoe.say(dialect.type("mediate-request"))
    assert grant.message.type == dialect.type("mediate-grant")
    engine = med.mail.engine_did()
    assert grant.message.body["routing_did"] == ([engine] if dialect is V3 else engine)
    did = another_did(1, engine)
    updates = {"updates": [{"recipient_did": did, "action": "add"}]}
    updated = await zoe.say(dialect.type(dialect.update), updates)
    assert [one["result"] for one in updated.message.body["updated"]] == ["success"]
    await med.crash_and_start()
    listed = await zoe.say(dialect.type(dialect.query))
    assert listed.message.body[dialect.dids] == [{"recipient_did": did}]


@in_loop
async def test_mail_waits_until_its_receipt_is_acknowledged() -> None:
    """It is given out as often as it is asked for, over a crash of the mediator too, and then no more."""
    med, zoe, _did = await client_with_mail(A, B)
    first = await zoe.fetch()
    assert list(first.values()) == [A, B]
    await med.crash_and_start()
    assert await zoe.fetch() == first
    one, other = first
    assert (await zoe.acknowledge(one)).message.body["message_count"] == 1
    await med.crash_and_start()
    assert list(await zoe.fetch()) == [other]
    await zoe.acknowledge(other)
    assert (await zoe.say(pickup.DELIVERY_REQUEST, {"limit": 9})).message.type == pickup.STATUS
    assert await zoe.waiting() == 0


@in_loop
async def test_mail_that_is_not_on_disk_is_not_taken() -> None:
    """Whoever sends it hears of it when the disk has it; after a crash before that it is sent again."""
    med, zoe, did = await client_with_mail()
    sam = Stranger("sam", med.mesh)
    assert [await send_mail(sam, med, did, A) for _ in range(3)] == [202] * 3
    med.journal.fail()
    assert await send_mail(sam, med, did, B) == 500
    await med.crash_and_start()
    assert list((await zoe.fetch()).values()) == [A]


@in_loop
async def test_the_status_tells_how_much_waits_and_since_when() -> None:
    """Of all, or of one DID; a DID may be named by one of its keys."""
    med, zoe, _home = await client_with_mail(A)
    sam, work = Stranger("sam", med.mesh), another_did(2, med.mail.engine_did())
    await zoe.update(work)
    med.mesh.clock.move_to(med.mesh.clock.now_ms() + 5_000)
    assert await send_mail(sam, med, f"{work}#key-2", B) == 202
    med.mesh.clock.move_to(med.mesh.clock.now_ms() + 2_000)
    status = (await zoe.say(pickup.STATUS_REQUEST)).message.body
    assert (status["message_count"], status["total_bytes"]) == (2, len(A) + len(B))
    assert (status["longest_waited_seconds"], status["live_delivery"]) == (7, False)
    assert status["newest_received_time"] - status["oldest_received_time"] == 5
    assert await zoe.waiting(recipient_did=work) == 1
    assert await zoe.waiting(recipient_did=another_did(3, work)) == 0


# --- who may -----------------------------------------------------------------------------------------


@in_loop
async def test_an_engine_is_a_mediator_only_for_whom_it_is_told_to_be() -> None:
    """By itself for nobody; whom it denies it keeps nothing of."""
    med, zoe = await mediator(mediator_for=DidChoice())
    assert (await zoe.say(REQUEST)).message.type == V3.type("mediate-deny")
    await zoe.say(UPDATE, {"updates": []})
    assert med.disk.mail.states == {}
    med.mesh.settings["mediator_for"] = DidChoice((zoe.did,))
    await med.crash_and_start()
    assert (await zoe.say(REQUEST)).message.type == V3.type("mediate-grant")
    yan = Client("yan", med.mesh, med)
    assert (await yan.say(REQUEST)).message.type == V3.type("mediate-deny")


@in_loop
async def test_who_is_denied_later_has_no_more_mail_taken_in() -> None:
    """What waits can be fetched; the request that is denied ends it."""
    med, zoe, did = await client_with_mail(A)
    med.mesh.settings["mediator_for"] = DidChoice()
    await med.crash_and_start()
    assert await send_mail(Stranger("sam", med.mesh), med, did, B) == 404
    assert list((await zoe.fetch()).values()) == [A]
    assert (await zoe.say(REQUEST)).message.type == V3.type("mediate-deny")
    assert (med.disk.mail.states, med.disk.mail.recipients, med.disk.mail.waiting) == ({}, {}, {})


@in_loop
async def test_nobody_reads_or_drops_the_mail_of_somebody_else() -> None:
    """Not by naming its ids or its DID, nor by asking for that DID, nor without saying who they are."""
    med, zoe, did = await client_with_mail(A)
    (id,) = await zoe.fetch()
    yan = Client("yan", med.mesh, med)
    await yan.register()
    assert await yan.update(did) == ["client_error"]
    assert await yan.update(did, action="remove") == ["no_change"]
    assert await yan.fetch() == {}
    assert await yan.waiting(recipient_did=did) == 0
    await yan.acknowledge(id)
    for type, body in ((pickup.RECEIVED, {"message_id_list": [id]}), (REQUEST, {})):
        response = await yan.write(med, med.mail.engine_did(), type, body, from_=None)
        assert response.status_code == 400
    assert list((await zoe.fetch()).values()) == [A]


@in_loop
async def test_a_message_that_is_played_again_changes_nothing() -> None:
    """Somebody on the wire has kept the envelope in which a DID was taken back; it counts once, for good."""
    med, zoe, did = await client_with_mail()
    removal = {"updates": [{"recipient_did": did, "action": "remove"}]}
    assert (await zoe.say(UPDATE, removal, id="kept")).message.body["updated"][0]["result"] == "success"
    assert await zoe.update(did) == ["success"]
    await med.crash_and_start()
    await zoe.say(UPDATE, removal, id="kept")
    assert await send_mail(Stranger("sam", med.mesh), med, did, A) == 202


@in_loop
async def test_a_change_from_long_ago_is_none() -> None:
    """It may have been forgotten by now that it was made."""
    med, zoe, did = await client_with_mail()
    old_s = zoe.now_s() - 2 * 24 * 3600
    removal = {"updates": [{"recipient_did": did, "action": "remove"}]}
    answer = await zoe.write(med, med.mail.engine_did(), UPDATE, removal, created_time=old_s)
    assert answer.status_code == 400
    assert await send_mail(Stranger("sam", med.mesh), med, did, A) == 202


@in_loop
async def test_nobody_has_mail_of_this_engine_s_own_dids_taken_in() -> None:
    """It is not theirs, and comes here anyway."""
    med, zoe = await mediator()
    assert await zoe.register(med.mail.engine_did(), await med.root_did()) == ["client_error"] * 2


# --- how much ----------------------------------------------------------------------------------------


@in_loop
async def test_there_is_an_end_to_what_is_kept_for_a_client() -> None:
    """In messages and in bytes; the sender may come again when some were fetched."""
    med, zoe, did = await client_with_mail(A, B, mediator_messages=2)
    sam, c = Stranger("sam", med.mesh), an_envelope("c")
    assert await send_mail(sam, med, did, c) == 503
    await zoe.acknowledge(next(iter(await zoe.fetch())))
    assert await send_mail(sam, med, did, c) == 202
    med, zoe, did = await client_with_mail(A, B, mediator_bytes=len(A + B) + 5)
    assert await send_mail(sam, med, did, c) == 503


@in_loop
async def test_there_is_an_end_to_what_is_kept_in_all() -> None:
    """Also of what comes at the same moment, before any of it is on disk."""
    med, _zoe, _did = await client_with_mail(A, mediator_total_bytes=3 * len(A))
    yan, sam = Client("yan", med.mesh, med), Stranger("sam", med.mesh)
    other = another_did(2, med.mail.engine_did())
    assert await yan.register(other) == ["success"]
    med.journal.hold()
    mail = [an_envelope(letter) for letter in "bcde"]
    coming = [asyncio.ensure_future(send_mail(sam, med, other, one)) for one in mail]
    for _ in range(200):
        await asyncio.sleep(0)
    med.journal.release()
    assert sorted([await one for one in coming]) == [202, 202, 503, 503]
    assert await yan.waiting() == 2


@in_loop
async def test_there_is_an_end_to_clients_and_their_dids() -> None:
    """Who is one already stays one."""
    med, zoe = await mediator(mediator_clients=1, mediator_dids=2)
    dids = [another_did(number, med.mail.engine_did()) for number in (1, 2, 3)]
    assert await zoe.register(*dids) == ["success", "success", "client_error"]
    yan = Client("yan", med.mesh, med)
    assert (await yan.say(REQUEST)).message.type == V3.type("mediate-deny")
    assert (await zoe.say(REQUEST)).message.type == V3.type("mediate-grant")
    assert len((await zoe.say(QUERY)).message.body["dids"]) == 2


@in_loop
async def test_the_same_envelope_is_kept_once() -> None:
    """While it waits: whoever did not hear that it was taken sends it again."""
    _med, zoe, _did = await client_with_mail(A, A, B)
    assert list((await zoe.fetch()).values()) == [A, B]


@in_loop
async def test_mail_is_not_kept_for_ever() -> None:
    """Not longer than the engine keeps any, nor than the sender wants it kept."""
    med, zoe, did = await client_with_mail(A, mediator_keep_h=2)
    sam, now_ms = Stranger("sam", med.mesh), med.mesh.clock.now_ms()
    assert await send_mail(sam, med, did, B, expires_s=now_ms // 1000 + 3000) == 202
    med.mesh.clock.move_to(now_ms + HOUR_MS)
    assert list((await zoe.fetch()).values()) == [A]
    med.mesh.clock.move_to(now_ms + 2 * HOUR_MS)
    assert await zoe.waiting() == 0
    assert med.disk.mail.waiting == {}


@in_loop
async def test_mail_for_strangers_is_not_taken() -> None:
    """This engine forwards for its clients, not for everybody; what is no envelope is none."""
    med, _zoe, did = await client_with_mail()
    sam = Stranger("sam", med.mesh)
    assert await send_mail(sam, med, another_did(7, med.mail.engine_did()), A) == 404
    assert await send_mail(sam, med, did, b'{"plain":"text"}') == 400
    assert med.disk.mail.waiting == {}


@in_loop
async def test_who_is_no_client_cannot_say_for_which_dids() -> None:
    """And is told that there is no mediation."""
    med, zoe = await mediator()
    answer = await zoe.say(UPDATE, {"updates": [{"recipient_did": zoe.did, "action": "add"}]})
    assert (answer.message.type, answer.message.body["code"]) == (REPORT, "e.p.req.mediation-not-granted")
    assert med.disk.mail.states == {}
