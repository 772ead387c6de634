"""A pico that grows from turn to turn is stopped in its own log before it is too large for its engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.config import Settings
from engine.core.messages import Change, Fault
from engine.core.model import Pico, PicoId, Rid
from engine.core.weight import growth
from tests.compatibility.engine import Engine

MOST = 40_000
TEXT = """
ruleset hoard {
  meta { shares kept, count }
  global { kept = function() { ent:kept.length() } count = function() { ent:count } }
  rule keep {
    select when hoard keep
    fired { ent:kept := ent:kept.defaultsTo([]).append(event:attrs{"text"}) }
  }
  rule forget { select when hoard forget fired { ent:kept := [] } }
  rule look { select when hoard look send_directive("looked") }
  rule count { select when hoard count fired { ent:count := ent:count.defaultsTo(100) + 1 } }
}
"""
LONG = "x" * 1_000


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine(Settings(pico_bytes=MOST))
    opened.install(TEXT)
    yield opened
    opened.close()


def fill(engine: Engine) -> Fault:
    """Have it keep more and more, until it may not."""
    for _ in range(MOST // len(LONG)):
        reply = engine.reply("hoard:keep", {"text": LONG})
        if isinstance(reply, Fault):
            return reply
    raise AssertionError("it holds more than it may")


def held(engine: Engine) -> int:
    return int(engine.query("hoard/kept"))


def test_a_pico_grows_to_its_limit_and_no_further(engine: Engine) -> None:
    """The fault says what it would hold, what it may, and what still goes."""
    fault = fill(engine)
    assert (fault.code, "40,000 (pico_bytes)" in fault.message) == ("R708", True)
    kept = held(engine)
    assert kept > MOST / 2 / len(LONG)
    assert "(pico_bytes)" in engine.fault("hoard:keep", text=LONG)
    assert held(engine) == kept


def test_a_full_pico_can_do_what_does_not_make_it_grow(engine: Engine) -> None:
    """Answer, count on, and forget; and then there is room again."""
    fill(engine)
    kept = held(engine)
    engine.send("hoard:look")
    engine.send("hoard:forget")
    assert (kept > 0, held(engine)) == (True, 0)
    engine.send("hoard:keep", text=LONG)
    assert held(engine) == 1


def test_what_was_written_and_is_gone_does_not_count(engine: Engine) -> None:
    """Records of ten times as many bytes as the pico may hold."""
    for _ in range(10 * MOST // len(LONG)):
        engine.send("hoard:count", text=LONG)
    assert engine.query("hoard/count") == 100 + 10 * MOST // len(LONG)


def test_the_owner_can_still_mend_it(engine: Engine) -> None:
    """What the engine does in its name is no event, and goes through."""
    fill(engine)
    eci = engine.host.root_eci()
    granted = engine.run(engine.host.grant(eci, "http", False))
    assert not isinstance(granted, Fault)


def test_a_history_with_such_a_turn_replays(engine: Engine) -> None:
    """The limit is one of that day, so the turn is taken as recorded."""
    fill(engine)
    told = engine.run(engine.host.histories.replay(engine.host.root_eci()))
    assert (told["departure"], told["refused"], len(told["skipped"])) == (None, None, 1)  # type: ignore[index]


def test_growth_is_what_was_put_less_what_was_there() -> None:
    """Where a turn writes a part twice, what is left in the end counts."""
    pico = Pico(PicoId("p"), entities={Rid("r"): {"kept": ["one", "two"]}})
    longer = Change("set_entity_path", ("r", "kept", ["1"], "three"))
    nothing = Change("set_entity", ("r", "kept", []))
    assert growth(pico, [longer]) == len("three") - len("two")
    assert growth(pico, [longer, nothing]) == len("[]") - len('["one","two"]')
    assert growth(pico, [Change("clear_entity", ("r", "kept"))]) == -len('{"kept":["one","two"]}')
    assert growth(pico, [Change("set_entity", ("r", "new", True))]) == len('{"new":true}')
