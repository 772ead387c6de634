"""Picos come whole and go whole: what they had goes with them, and whoever waits for them is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci
from engine.runtime.replies import EventReply
from tests.compatibility.engine import Engine
from tests.rulesets.neighbour import Family, make_family

MAKER = """
ruleset maker {
  meta { shares children }
  global { children = function() { ctx:children } }
  rule make { select when maker make
    ctx:newPico(event:attrs{"urls"}.map(function(url) { { "url": url } })) setting(eci)
    always { ent:last := eci } }
  rule bury { select when maker bury  ctx:delPico(event:attrs{"eci"}) }
  rule still { select when maker still
    every {
      ctx:newPico([]) setting(eci)
      ctx:event(eci, "d", "t")
      ctx:delPico(eci)
      event:send({ "eci": eci, "domain": "d", "type": "t" })
    } }
}
"""

SLEEPER = """
ruleset sleeper {
  meta { shares woken }
  global { woken = function() { ent:woken } }
  rule sleep { select when sleeper sleep
    always { schedule sleeper event "wake" repeat "*/5 * * * * *"
             schedule sleeper event "wake" at time:add(time:now(), { "seconds": 7 }) } }
  rule wake { select when sleeper wake  always { ent:woken := time:now() } }
}
"""


@pytest.fixture
def family(engine: Engine) -> Family:
    engine.install(MAKER)
    return make_family(engine)


def picos(engine: Engine) -> int:
    """How many the disk has."""
    return len(engine.disk.snapshots)


@pytest.mark.parametrize(
    "bad",
    [
        "file:///not/there.krl",
        "ruleset broken {",
        'ruleset failing { global { x = "a" - 1 } }',
        "ruleset needy { meta { use module nobody.has.it alias n } }",
    ],
)
def test_a_ruleset_that_cannot_be_had_leaves_no_pico(engine: Engine, bad: str) -> None:
    """Nor a channel to it, although another ruleset before it was well."""
    engine.install(MAKER)
    good = engine.publish("ruleset good {}")
    url = bad if bad.startswith("file:") else engine.publish(bad)
    disk = engine.disk
    before = (picos(engine), set(disk.channels))
    assert isinstance(engine.reply("maker:make", {"urls": [good, url]}), Fault)
    engine.settle()
    assert (picos(engine), set(disk.channels)) == before
    assert engine.query("maker/children") == []
    assert isinstance(engine.reply("maker:make", {"urls": [good]}), EventReply)
    assert picos(engine) == before[0] + 1


def test_a_pico_can_be_made_and_deleted_in_one_turn(engine: Engine) -> None:
    """It never was, and what was sent to it is lost with it."""
    engine.install(MAKER)
    before = (picos(engine), set(engine.disk.channels))
    assert isinstance(engine.reply("maker:still"), EventReply)
    engine.settle()
    assert (picos(engine), set(engine.disk.channels)) == before
    assert not engine.disk.inbox


def test_timers_go_with_their_pico(family: Family) -> None:
    """Those of its children too; nothing fires afterwards."""
    engine = family.engine
    engine.send("wrangler:new_child_request", family.ann, name="below")
    engine.settle()
    below = next(child for child in engine.host.tree().children if child.name == "ann").children[0].eci
    assert below is not None
    for eci in (family.ann, below, family.bob):
        engine.install(SLEEPER, eci=eci)
        engine.send("sleeper:sleep", eci)
    assert len(engine.disk.timers) == 6
    bury(family, "ann")
    assert len(engine.disk.timers) == 2
    engine.move(10_000)
    assert engine.query("sleeper/woken", family.bob) is not None
    assert isinstance(engine.ask("sleeper/woken", {}, family.ann), Refusal)
    assert picos(engine) == 2


def to_child(family: Family, name: str) -> str:
    """The root's channel to a child."""
    children = family.engine.query("io.picolabs.wrangler/children")
    eci: str = next(one["eci"] for one in children if one["name"] == name)
    return eci


def bury(family: Family, name: str) -> None:
    reply = family.engine.reply("maker:bury", {"eci": to_child(family, name)})
    assert isinstance(reply, EventReply), reply
    family.engine.settle()


def test_the_channels_of_a_deleted_pico_are_gone_after_a_restart_too(family: Family) -> None:
    """Nothing of it is left to be woken."""
    bury(family, "ann")
    family.engine.restart()
    reply = family.engine.reply("n:add", {}, family.ann)
    assert isinstance(reply, Refusal)
    assert reply.kind == "unknown"
    assert f"there is no channel {family.ann} here" in family.fault(
        "ask", family.bob, eci=family.ann, name="echo", args={}
    )


def at_once(family: Family, *events: tuple[str, str, dict[str, Any]]) -> list[Any]:
    """Send several events at the same time; the replies."""

    async def send() -> list[Any]:
        run = family.engine.host.run_event
        names = [event.split(":") for event, _, _ in events]
        sent = [
            run(Eci(at), domain, name, attrs)
            for (domain, name), (_, at, attrs) in zip(names, events, strict=True)
        ]
        return list(await asyncio.gather(*sent))

    return family.engine.run(send())


def test_an_event_that_waits_for_a_deleted_pico_is_refused(family: Family) -> None:
    """Whoever sent it is told why."""
    buried, added = at_once(
        family, ("maker:bury", family.root, {"eci": to_child(family, "ann")}), ("n:add", family.ann, {})
    )
    assert isinstance(buried, EventReply)
    assert added == Refusal("unknown", "the pico was deleted before it could handle the event")


def test_a_turn_that_waits_for_a_deleted_pico_fails(family: Family) -> None:
    """It does not wait for ever, and the pico that waited goes on."""
    attrs = {"eci": family.ann, "event": "add", "name": "count"}
    changed, buried = at_once(
        family,
        ("n:change", family.bob, attrs),
        ("maker:bury", family.root, {"eci": to_child(family, "ann")}),
    )
    assert isinstance(buried, EventReply)
    assert isinstance(changed, Fault)
    assert "was deleted" in changed.message or "there is no channel" in changed.message
    assert family.do("change", family.bob, eci=family.root, event="add", name="count") == 1


def test_a_pico_that_is_deleted_while_it_waits_is_gone(family: Family) -> None:
    """Nothing of its turn has happened or is left in the journal."""
    attrs = {"eci": family.bob, "event": "add", "name": "count"}
    changed, buried = at_once(
        family,
        ("n:change", family.ann, attrs),
        ("maker:bury", family.root, {"eci": to_child(family, "ann")}),
    )
    assert isinstance(buried, EventReply)
    assert isinstance(changed, Refusal)
    family.engine.settle()
    assert not family.engine.disk.inbox
    assert family.do("change", family.root, eci=family.bob, event="add", name="count") == 1
