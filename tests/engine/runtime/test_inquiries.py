"""Picos ask others by DID, and know what answers them: in the thread, of whom, for what, once and in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core import inquiries
from engine.core.model import Eci
from engine.core.protocols import discover_features, picomesh, trust_ping
from engine.core.protocols.report_problem import REPORT
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger
from tests.engine.runtime.test_relations import ask, heard, invite, learn, pals

PING, RESPONSE = trust_ping.PING, trust_ping.RESPONSE
QUERIES, DISCLOSE = discover_features.QUERIES, discover_features.DISCLOSE
GRANT = "https://didcomm.org/coordinate-mediation/3.0/mediate-grant"


class Asking:
    """Ann's pico has asked Zoe, from a channel of its own. Nobody reaches her: she writes when she likes."""

    ann: Member
    zoe: Stranger
    eci: Eci
    me: str

    @classmethod
    async def begin(cls, folder: Path, kind: str = PING, **options: Any) -> Asking:
        scene = cls()
        mesh = Mesh()
        scene.ann, scene.zoe = await mesh.add("ann", folder), Stranger("zoe", mesh)
        await learn(scene.ann, folder)
        scene.eci, scene.me = await scene.ann.open()
        await scene.ask(kind, id="Q1", **options)
        return scene

    async def ask(self, kind: str = PING, body: Any = None, **options: Any) -> None:
        given = {"from": self.eci, **options}
        await self.ann.send("pal:send", did=self.zoe.did, type=kind, body=body or {}, options=given)

    async def answer(self, kind: str = RESPONSE, body: Any = None, **rest: Any) -> None:
        await self.tell(self.zoe, kind, body, **rest)

    async def tell(self, who: Stranger, kind: str, body: Any = None, **rest: Any) -> None:
        given = {"thid": "q1", "headers": {}, **rest}
        assert (await who.write(self.ann, self.me, kind, body, **given)).status_code == 202
        await self.ann.host.wait_quiet()

    async def heard(self) -> list[tuple[str, str | None]]:
        """What rules saw, and why they saw no more."""
        return [(one["name"], one["attrs"].get("why")) for one in await ask(self.ann, "heard")]


ANSWERED = [("message", None), ("trust_ping_ping_response", None)]


@in_loop
async def test_an_answer_is_told_as_one(tmp_path: Path) -> None:
    """Also after a restart, and in capitals or not."""
    scene = await Asking.begin(tmp_path)
    await scene.ann.crash_and_start()
    await scene.answer(thid="q1")
    assert await scene.heard() == ANSWERED


@in_loop
async def test_what_answers_nothing_is_told_as_stray(tmp_path: Path) -> None:
    """By the first event of the message alone; nobody is answered."""
    scene = await Asking.begin(tmp_path)
    await scene.answer(thid="another")
    await scene.answer(thid=None, id="q1")
    assert await scene.heard() == [("stray", "outside of any thread of ours")] * 2
    (first, _) = await heard(scene.ann, "stray")
    assert (first["type"], first["from"], first["thid"]) == (RESPONSE, scene.zoe.did, "another")
    await scene.answer()
    assert (await scene.heard())[2:] == ANSWERED


@in_loop
async def test_it_is_answered_once(tmp_path: Path) -> None:
    """The same message again is not even told; another one is stray."""
    scene = await Asking.begin(tmp_path)
    for _ in range(2):
        await scene.answer(id="first")
    await scene.answer(id="second")
    assert await scene.heard() == [*ANSWERED, ("stray", "outside of any thread of ours")]


@in_loop
async def test_only_who_was_asked_answers(tmp_path: Path) -> None:
    """Who else knows of the thread is not for that somebody to rely on, and does not end it."""
    scene = await Asking.begin(tmp_path)
    await scene.tell(Stranger("eve", scene.ann.mesh), RESPONSE)
    await scene.answer()
    assert await scene.heard() == [("stray", "from somebody else"), *ANSWERED]


@in_loop
async def test_only_an_answer_to_that_answers(tmp_path: Path) -> None:
    """A question about features is not answered with a grant of mediation."""
    query = {"queries": [{"feature-type": "protocol", "match": "*"}]}
    scene = await Asking.begin(tmp_path, QUERIES, body=query)
    await scene.answer(GRANT, {"routing_did": [scene.zoe.did]})
    await scene.answer(DISCLOSE, {"disclosures": []})
    assert await scene.heard() == [
        ("stray", "no answer to what was asked"),
        ("message", None),
        ("discover_features_disclose", None),
    ]


@in_loop
async def test_an_answer_may_come_too_late(tmp_path: Path) -> None:
    """After the question has expired."""
    scene = await Asking.begin(tmp_path, expires=60.0)
    scene.ann.mesh.clock.move_to(scene.ann.mesh.clock.now_ms() + 60_000)
    await scene.answer()
    assert await scene.heard() == [("stray", "too late")]


@in_loop
async def test_another_channel_has_other_threads(tmp_path: Path) -> None:
    """What was asked from one is not answered to another."""
    scene = await Asking.begin(tmp_path)
    _, other = await scene.ann.open()
    response = await scene.zoe.write(scene.ann, other, RESPONSE, thid="q1", headers={})
    assert response.status_code == 202
    await scene.ann.host.wait_quiet()
    assert await scene.heard() == [("stray", "outside of any thread of ours")]


@pytest.mark.parametrize(("code", "ended"), [("e.p.msg", True), ("w.p.slow", False)])
@in_loop
async def test_a_report_of_an_error_is_an_answer(code: str, ended: bool, tmp_path: Path) -> None:
    """Rules hear that the question is over, and what comes then is stray; a warning they may judge."""
    scene = await Asking.begin(tmp_path)
    await scene.answer(REPORT, {"code": code}, thid=None, pthid="q1")
    (told,) = await heard(scene.ann, "report_problem_problem_report")
    assert told["ended"] is ended
    await scene.answer()
    assert (await scene.heard())[2:] == ([("stray", "outside of any thread of ours")] if ended else ANSWERED)


@in_loop
async def test_who_rotates_may_still_answer(tmp_path: Path) -> None:
    """Under the new DID, since the pico knows them and follows; a stranger's answer is none."""
    mesh, ann, _ = await pals(tmp_path)
    zoe, yan = Stranger("zoe", mesh), Stranger("yan", mesh)
    shown = await invite(ann)
    await zoe.write(ann, shown["did"], PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    await ann.send("pal:send", did=zoe.did, type=PING, body={}, options={"id": "q1"})
    rotated = zoe.from_prior(yan.did, mesh.clock.now_ms() // 1000)
    for who, rest in ((Stranger("eve", mesh), {}), (yan, {"from_prior": rotated})):
        await who.write(ann, shown["did"], RESPONSE, thid="q1", headers={}, **rest)
        await ann.host.wait_quiet()
    assert [one["why"] for one in await heard(ann, "stray")] == ["from somebody else"]
    (told,) = await heard(ann, "trust_ping_ping_response")
    assert told["from"] == yan.did


@in_loop
async def test_messages_of_other_protocols_are_in_whatever_thread_they_like(tmp_path: Path) -> None:
    """What answers what in them is known to rulesets; and one may tell of features without being asked."""
    scene = await Asking.begin(tmp_path, "https://example.org/talk/1.0/question")
    await scene.answer("https://example.org/talk/1.0/answer", thid="never")
    await scene.answer(DISCLOSE, {"disclosures": []}, thid=None)
    assert [name for name, _ in await scene.heard()] == [
        "message",
        "talk_answer",
        "message",
        "discover_features_disclose",
    ]


@in_loop
async def test_an_event_that_somebody_makes_up_answers_nothing(tmp_path: Path) -> None:
    """Whoever has an ECI may raise what they like; it is no message, and ends no thread."""
    scene = await Asking.begin(tmp_path)
    made_up = {"type": RESPONSE, "thid": "q1", "from": scene.zoe.did, "proven": {"answers": "q1"}}
    await scene.ann.host.run_event(scene.eci, "didcomm", "trust_ping_ping_response", made_up)
    await scene.answer()
    assert (await scene.heard())[1:] == ANSWERED


@in_loop
async def test_the_oldest_questions_are_forgotten_for_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nobody makes a pico grow by not answering."""
    monkeypatch.setattr(inquiries, "MOST_ASKED", 2)
    scene = await Asking.begin(tmp_path)
    for number in (2, 3):
        scene.ann.mesh.clock.move_to(scene.ann.mesh.clock.now_ms() + 1)
        await scene.ask(id=f"Q{number}")
    for number in (1, 2, 3):
        await scene.answer(thid=f"q{number}")
    assert await scene.heard() == [("stray", "outside of any thread of ours"), *ANSWERED, *ANSWERED]


@in_loop
async def test_an_event_that_was_taken_late_is_no_stray(tmp_path: Path) -> None:
    """The engine asks for those itself, and puts down nothing; rules may see the acceptance as ever."""
    scene = await Asking.begin(tmp_path)
    await scene.answer(picomesh.ACCEPTED, {"eid": "e1"}, thid="something")
    assert [name for name, _ in await scene.heard()] == ["message", "picomesh_event_accepted"]
