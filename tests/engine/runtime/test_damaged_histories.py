"""A pico whose records somebody has touched does not go on, and harms nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.core.model import EventId, PicoId
from tests.compatibility.engine import Engine

CUP = """
ruleset cup {
  meta { use module io.picolabs.wrangler alias wrangler shares sips }
  global { sips = function() { ent:sips } }
  rule sip { select when cup sip fired { ent:sips := ent:sips.defaultsTo(0) + 1 } }
  rule pass {
    select when cup pass
    event:send({"eci": wrangler:children()[0]{"eci"}, "domain": "cup", "type": "sip"})
    fired { ent:passed := true }
  }
}
"""

Kept = dict[int, tuple[EventId | None, bytes]]


class Family:
    """A root and a child, after the child had three sips; the engine is off."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.engine.install(CUP)
        self.child = self.engine.make_child("kid")
        self.engine.install(CUP, eci=self.child)
        for _ in range(3):
            self.engine.send("cup:sip", self.child)
        self.engine.settle()
        self.pico = PicoId(self.engine.host.tree().children[0].id)

    def touch(self, alter: Callable[[Kept], object]) -> None:
        """Alter the child's records behind the engine's back, and start it."""
        self.engine.run(self.engine.host.drain())
        alter(self.engine.disk.records[self.pico])
        self.engine.restart()


@pytest.fixture
def family() -> Iterator[Family]:
    made = Family()
    yield made
    made.engine.close()


def drop_last(records: Kept) -> None:
    del records[max(records)]


def touch_last(records: Kept) -> None:
    eid, body = records[max(records)]
    records[max(records)] = (eid, body.replace(b'"steps":', b'"steps":1'))


def drop_inner(records: Kept) -> None:
    del records[max(records) - 1]


def scribble(records: Kept) -> None:
    records[max(records) - 1] = (None, b"scribble")


DAMAGES = pytest.mark.parametrize("alter", [drop_last, touch_last, drop_inner, scribble])


@DAMAGES
def test_a_damaged_pico_does_not_go_on(family: Family, alter: Callable[[Kept], object]) -> None:
    """Whatever it is asked it says why, however often; an acknowledged event is not forgotten in silence."""
    family.touch(alter)
    for path in ("event-wait/cup/sip", "event/cup/sip", "query/cup/sips", "event-wait/cup/sip"):
        response = family.engine.get(f"/c/{family.child}/{path}")
        assert (response.status_code, response.json()["code"]) == (500, "damaged")


@DAMAGES
def test_replay_names_the_record(family: Family, alter: Callable[[Kept], object]) -> None:
    last = max(family.engine.disk.records[family.pico])
    family.touch(alter)
    told = family.engine.get("/api/replay", params={"eci": family.child}).json()
    assert told["refused"]["seq"] == (last if alter in (drop_last, touch_last) else last - 1)


@DAMAGES
def test_whoever_sends_to_a_damaged_pico_is_not_harmed(
    family: Family, alter: Callable[[Kept], object]
) -> None:
    """Its event is done, though nobody takes what it sent."""
    family.touch(alter)
    family.engine.send("cup:pass")
    family.engine.settle()
    family.engine.send("cup:sip")
    assert family.engine.query("cup/sips") == 1
