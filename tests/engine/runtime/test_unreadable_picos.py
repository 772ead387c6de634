"""A pico whose stored bytes cannot be read is out of order; the engine and all others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.core.codec import from_bytes, to_bytes
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, PicoId
from engine.ports import AcceptEvent
from engine.runtime.replies import PicoView
from tests.compatibility.engine import Engine

ASKER = """
ruleset asker {
  meta { shares ask }
  global { ask = function(eci) { ctx:query(eci, "io.picolabs.wrangler", "name") } }
  rule tell { select when a tell event:send({ "eci": event:attrs{"eci"}, "domain": "a", "type": "told" }) }
  rule plan { select when a plan fired { schedule a event "told" at time:add(time:now(), { "seconds": 9 }) } }
}
"""


class Damaged:
    """An engine with two children, one of which cannot be read after the next start."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        engine.install(ASKER)
        self.well, self.ill = engine.make_child("well"), engine.make_child("ill")
        engine.install(ASKER, eci=self.ill)

    @property
    def pico(self) -> PicoId:
        return self.engine.disk.channels[Eci(self.ill)]

    def spoil(self, spoil: Callable[[Engine, PicoId], None]) -> None:
        pico = self.pico
        self.engine.run(self.engine.host.drain())
        spoil(self.engine, pico)
        self.engine._start()
        self.engine.send("test:awake")  # after this the root's rulesets are compiled


def spoil_snapshot(engine: Engine, pico: PicoId) -> None:
    seq, _ = engine.disk.snapshots[pico]
    engine.disk.snapshots[pico] = (seq, b"not what was written")


def spoil_record(engine: Engine, pico: PicoId) -> None:
    last = max(engine.disk.records[pico])
    eid, body = engine.disk.records[pico][last]
    engine.disk.records[pico][last] = (eid, body[:-9])


def take_from_the_future(engine: Engine, pico: PicoId) -> None:
    """A change of a kind that this version does not know."""
    last = max(engine.disk.records[pico])
    eid, body = engine.disk.records[pico][last]
    plain = from_bytes(body)
    plain["changes"] = [["put_wings", 2]]
    engine.disk.records[pico][last] = (eid, to_bytes(plain))


def spoil_inbox(engine: Engine, pico: PicoId) -> None:
    engine.disk.write(AcceptEvent(pico, "an event", b"garbage"))  # type: ignore[arg-type]


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    yield opened
    opened.close()


@pytest.fixture(params=[spoil_snapshot, spoil_record, take_from_the_future, spoil_inbox])
def damaged(engine: Engine, request: pytest.FixtureRequest) -> Damaged:
    made = Damaged(engine)
    made.spoil(request.param)
    return made


def test_the_others_go_on(damaged: Damaged) -> None:
    """Whoever wants something of this one is told what is the matter."""
    assert damaged.engine.query("io.picolabs.wrangler/name", damaged.well) == "well"
    for path in ("event/a/told", "event-wait/a/told", "query/io.picolabs.wrangler/name"):
        answer = damaged.engine.get(f"/c/{damaged.ill}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (500, "damaged")


def test_the_tree_shows_it(engine: Engine) -> None:
    """With the reason, in the place where it is."""
    damaged = Damaged(engine)
    pico = damaged.pico
    damaged.spoil(spoil_record)
    views: list[PicoView] = list(engine.host.tree().children)
    assert [(view.name, view.damage is None) for view in views] == [("well", True), (None, False)]
    assert views[1].id == pico
    assert "damage" in engine.get("/api/tree").json()["children"][1]


def test_picos_that_send_to_it_or_ask_it_go_on(damaged: Damaged) -> None:
    """What is sent is lost, as to one that has gone; what is asked is answered with the reason."""
    assert damaged.engine.names("a:tell", eci=damaged.ill) == []
    refused = damaged.engine.ask("asker/ask", {"eci": damaged.ill})
    assert isinstance(refused, Fault)
    assert "cannot be read" in refused.message


def test_its_timers_do_not_stop_those_of_others(engine: Engine) -> None:
    damaged = Damaged(engine)
    engine.send("a:plan", damaged.ill)
    engine.send("a:plan")
    damaged.spoil(spoil_snapshot)
    engine.move(by_ms=10_000)
    assert list(engine.disk.timers.values()) != []
    assert {pico for pico, _ in engine.disk.timers} == {engine.disk.channels[Eci(damaged.ill)]}


def test_a_ruleset_is_flushed_on_the_others(engine: Engine) -> None:
    damaged = Damaged(engine)
    damaged.spoil(spoil_snapshot)
    engine.flush(ASKER.replace('"told"', '"heard"'))
    kept = engine.run(engine.host.histories.pico(engine.host.root_eci()))
    assert not isinstance(kept, Refusal)
    ruleset = kept.ruleset("asker")
    assert ruleset is not None
    assert "heard" in engine.disk.texts[ruleset.hash]


def test_it_can_be_deleted_with_all_that_is_below_it(engine: Engine) -> None:
    """Nothing of it stays in the journal."""
    damaged = Damaged(engine)
    engine.send("wrangler:new_child_request", damaged.ill, name="below")
    engine.settle()
    pico = damaged.pico
    below = [one for one, parent in engine.disk.parents.items() if parent == pico]
    damaged.spoil(spoil_snapshot)
    eci = next(one["eci"] for one in engine.query("io.picolabs.wrangler/children") if one["name"] == "ill")
    engine.send("wrangler:child_deletion_request", eci=eci)
    engine.settle()
    assert len(below) == 1
    assert not {pico, *below} & engine.disk.snapshots.keys()
    assert pico not in engine.disk.channels.values()
