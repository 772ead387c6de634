"""Reports of problems: who is told, in how few words, how often, and that it always comes to an end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.protocols import picomesh, trust_ping
from engine.core.protocols.messagepickup import RECEIVED
from engine.core.protocols.problem_codes import COMMENTS
from engine.core.protocols.report_problem import HOUR_S, MOST_IN_A_THREAD, MOST_IN_AN_HOUR, REPORT
from engine.ports import CannotSend, Letter
from engine.runtime.correspondents import MOST_REMEMBERED, Correspondents
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

TEXT = "https://didcomm.org/basicmessage/2.0/message"
HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
NOBODY: dict[str, Any] = {"allow": [], "deny": []}
BAD = {"content": 5}


async def setting(folder: Path, events: Any = None) -> tuple[Member, Stranger, Did]:
    mesh = Mesh()
    ann, zoe = await mesh.add("ann", folder), Stranger("zoe", mesh)
    return ann, zoe, (await ann.open(events=events))[1]


async def code_of(who: Stranger, response: Response) -> str | None:
    """That of the report that came back, if anything did."""
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
        return None
    message = (await who.read(response)).message
    assert message.type == REPORT
    code: str = message.body["code"]
    assert message.body["comment"] == COMMENTS[code]
    return code


@in_loop
async def test_a_report_is_never_answered_with_a_report(tmp_path: Path) -> None:
    """Not where the channel does not take it, nor when it is none."""
    ann, zoe, did = await setting(tmp_path, NOBODY)
    for kind in (REPORT, REPORT.replace("2.0", "2.1"), REPORT.replace("-", "_")):
        for body in ({"code": "e.p.msg"}, {"code": 7}):
            response = await zoe.write(ann, did, kind, body)
            assert response.status_code in (400, 403)
            assert await code_of(zoe, response) is None


@in_loop
async def test_two_channels_that_refuse_everything_come_to_an_end(tmp_path: Path) -> None:
    """One message, one report of it, and no report of that."""
    mesh = Mesh()
    ann, bob = await mesh.add("ann", tmp_path), await mesh.add("bob", tmp_path)
    (eci, mine), (_, theirs) = await ann.open(events=NOBODY), await bob.open(events=NOBODY)
    word = Stranger("nobody", mesh).message(theirs, TEXT, {"content": "hi"}, from_=mine, headers={})
    assert not isinstance(await ann.mail.channel_did(eci), Refusal)
    before = len(mesh.wire.requests)
    with pytest.raises(CannotSend, match="403"):
        await ann.mail.letters.send(word, theirs)
    for one in (bob, ann, bob):
        await one.mail.wait_rested()
    assert len(mesh.wire.requests) - before == 2


@in_loop
async def test_a_thread_with_too_many_problems_is_given_up(tmp_path: Path) -> None:
    """That is said once, and then nothing; other threads, and others in a thread of that name, are heard."""
    ann, zoe, did = await setting(tmp_path)
    yan = Stranger("yan", ann.mesh)
    codes = [
        await code_of(zoe, await zoe.write(ann, did, TEXT, BAD, thid="t"))
        for _ in range(MOST_IN_A_THREAD + 3)
    ]
    assert codes == [
        *["e.m.msg.bad-body"] * MOST_IN_A_THREAD,
        "e.p.req.max-errors-exceeded",
        None,
        None,
    ]
    before = ann.records()
    good = {"content": "hi"}
    assert (await zoe.write(ann, did, TEXT, good, thid="T", headers={})).status_code == 400
    assert ann.records() == before
    assert (await zoe.write(ann, did, TEXT, good, thid="other", headers={})).status_code == 202
    assert (await yan.write(ann, did, TEXT, good, thid="t", headers={})).status_code == 202


@in_loop
async def test_their_reports_count_too(tmp_path: Path) -> None:
    """Rules hear so many of a thread, and no more."""
    ann, zoe, did = await setting(tmp_path)
    taken = [
        (await zoe.write(ann, did, REPORT, {"code": "e.m.x"}, pthid="t")).status_code
        for _ in range(MOST_IN_A_THREAD + 3)
    ]
    assert taken == [202] * (MOST_IN_A_THREAD + 1) + [400] * 2


@in_loop
async def test_nobody_gets_more_than_so_many_reports_an_hour(tmp_path: Path) -> None:
    """However many threads and channels they make use of; an hour later there are some again."""
    ann, zoe, did = await setting(tmp_path, NOBODY)
    codes = [await code_of(zoe, await zoe.write(ann, did, TEXT, {"content": ""})) for _ in range(70)]
    assert codes == ["e.p.trust.not-allowed"] * MOST_IN_AN_HOUR + [None] * (70 - MOST_IN_AN_HOUR)
    ann.mesh.clock.move_to(ann.mesh.clock.now_ms() + HOUR_S * 1000)
    assert await code_of(zoe, await zoe.write(ann, did, TEXT, {"content": ""})) is not None


@in_loop
async def test_the_mediator_reports_no_more_than_others_do(tmp_path: Path) -> None:
    """Also to somebody who is no client, of whom it keeps nothing."""
    ann, zoe, _ = await setting(tmp_path)
    engine = ann.mail.engine_did()
    codes = [await code_of(zoe, await zoe.write(ann, engine, RECEIVED, {})) for _ in range(70)]
    assert codes == ["e.p.msg.bad-body"] * MOST_IN_AN_HOUR + [None] * (70 - MOST_IN_AN_HOUR)


@in_loop
async def test_who_is_asked_to_come_again_may_do_so_often(tmp_path: Path) -> None:
    """No thread is given up for that: the same message is taken when there is room."""
    ann, zoe, did = await setting(tmp_path)
    await ann.host.drain()
    for _ in range(2 * MOST_IN_A_THREAD):
        response = await zoe.write(ann, did, picomesh.EVENT, HELLO, id="one")
        assert await code_of(zoe, response) == "e.p.me.busy"
    await ann.crash_and_start()
    answer = await zoe.read(await zoe.write(ann, did, picomesh.EVENT, HELLO, id="one"))
    assert answer.message.type == picomesh.ACCEPTED


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ({"expires_time": 1}, "e.p.req.time"),
        ({"from_prior": "this is none"}, "e.p.msg"),
    ],
)
@in_loop
async def test_who_is_proven_to_be_to_blame_is_told_in_a_word(
    rest: dict[str, Any], code: str, tmp_path: Path
) -> None:
    """Over the same connection, in the thread of the message; somebody who proves nothing is told nothing."""
    ann, zoe, did = await setting(tmp_path)
    before = ann.records()
    response = await zoe.write(ann, did, trust_ping.PING, id="m", thid="t", **rest)
    answer = (await zoe.read(response)).message
    assert (answer.body, answer.pthid, answer.headers["ack"]) == (
        {"code": code, "comment": COMMENTS[code]},
        "t",
        ["m"],
    )
    anonymous = await zoe.write(ann, did, trust_ping.PING, from_=None, **rest)
    assert (anonymous.status_code, await code_of(zoe, anonymous)) == (400, None)
    report = await zoe.write(ann, did, REPORT, {"code": "e.p.msg"}, **rest)
    assert (report.status_code, await code_of(zoe, report)) == (400, None)
    assert ann.records() == before


@in_loop
async def test_the_engine_says_what_it_does_not_speak(tmp_path: Path) -> None:
    """It has no rules that could; a channel may have some."""
    ann, zoe, _ = await setting(tmp_path)
    for kind in (TEXT, "https://example.org/chess/1.0/move", "https://didcomm.org/trust-ping/3.0/ping"):
        response = await zoe.write(ann, ann.mail.engine_did(), kind, {"content": "hi"})
        assert await code_of(zoe, response) == "e.p.msg.not-spoken"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("https://didcomm.org/discover-features/2.0/disclose", {"disclosures": "all"}),
        ("https://didcomm.org/coordinate-mediation/3.0/mediate-grant", {"routing_did": 7}),
        ("https://didcomm.org/messagepickup/3.0/status", {"message_count": "many"}),
        (picomesh.OUTCOME, {"directives": {}}),
    ],
)
@in_loop
async def test_an_answer_that_is_none_reaches_no_rule(kind: str, body: Any, tmp_path: Path) -> None:
    """Its body is looked at like that of a question."""
    ann, zoe, did = await setting(tmp_path)
    before = ann.records()
    response = await zoe.write(ann, did, kind, body, thid="t")
    assert await code_of(zoe, response) == "e.m.msg.bad-body"
    assert ann.records() == before


def test_so_many_correspondents_are_remembered() -> None:
    """Who was heard least lately is forgotten first, so that strangers take no more memory than that."""
    mesh = Mesh()
    zoe = Stranger("zoe", mesh)
    me = Did("did:example:me")
    correspondents = Correspondents("seed", mesh.clock.now_ms)

    def complain(sender: str, number: int) -> int:
        bad = zoe.message(me, TEXT, BAD, id=f"m{number}", thid="t")
        return len(correspondents.hear(Letter(bad, Did(sender), me)).replies)

    for number in range(MOST_IN_A_THREAD + 1):
        assert complain("did:example:first", number) == complain("did:example:second", number) == 1
    for number in range(MOST_REMEMBERED - 2):
        assert complain(f"did:example:{number}", 0) == 1
    assert complain("did:example:first", 99) == 0
    assert complain("did:example:one-more", 0) == 1
    assert complain("did:example:second", 99) == 1, "it was forgotten"
