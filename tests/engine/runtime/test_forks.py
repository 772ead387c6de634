"""A fork begins as another pico is or was, and is somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, Rid
from engine.runtime.replies import PicoView
from tests.compatibility.engine import Engine

TEXT = """
ruleset self {
  meta { shares me, seen }
  global {
    born = meta:eci
    me = function() { {"eci": ent:eci, "by": ent:by, "n": ent:n, "half": ent:half} }
    seen = function() { born }
  }
  rule know {
    select when self known
    fired {
      ent:eci := meta:eci;
      ent:by{meta:eci} := [meta:picoId, "other"];
      ent:n := ent:n.defaultsTo(0) + 1;
      schedule self event "known" at time:add(time:now(), {"minutes": 5})
    }
  }
  rule half { select when self opened before self closed fired { ent:half := true } }
}
"""


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    opened.install(TEXT)
    opened.make_child("child")
    opened.send("self:known")
    opened.send("self:opened")
    yield opened
    opened.close()


def fork(engine: Engine, eci: str, at: int | None = None) -> PicoView:
    made = engine.run(engine.host.fork(eci, at))
    assert isinstance(made, PicoView), made
    return made


def state(engine: Engine, eci: str) -> Any:
    return engine.run(engine.host.histories.state(eci))


def test_a_fork_has_the_variables_and_rulesets_and_goes_its_own_way(engine: Engine) -> None:
    made = fork(engine, engine.host.root_eci())
    assert made.eci is not None
    engine.send("self:known", made.eci)
    engine.send("self:closed", made.eci)
    assert engine.query("self/me", made.eci)["n"] == 2
    assert engine.query("self/me", made.eci)["half"] is True
    assert engine.query("self/me")["n"] == 1
    assert engine.query("self/me")["half"] is None


def test_no_id_of_the_original_is_left_in_a_fork(engine: Engine) -> None:
    """It cannot act as the other, not even by mistake: variables and configurations name the new ids."""
    before = state(engine, engine.host.root_eci())
    made = fork(engine, engine.host.root_eci())
    text = json.dumps(state(engine, made.id))
    old = {before["id"], *(channel["eci"] for channel in before["channels"])}
    to_parent = state(engine, made.id)["parent"]
    assert to_parent not in old
    # One thing names the original: its parent is the root pico here, whose id the family channel has.
    family = [one for one in state(engine, made.id)["channels"] if one.get("family") == before["id"]]
    assert [one["tags"] for one in family] == [["system", "child"]]
    assert [eci for eci in old if eci in text.replace(json.dumps(family[0]), "")] == []
    mine = engine.query("self/me", str(made.eci))
    assert mine["eci"] == made.eci
    assert mine["by"] == {made.eci: [made.id, "other"]}


TIED = """
ruleset tied {
  meta { shares all }
  global {
    before = ctx:parent
    all = function() {
      {"before": before, "parent": ent:parent, "heard": ent:heard, "config": ctx:rid_config}
    }
  }
  rule know { select when tied known fired { ent:parent := ctx:parent } }
  rule half {
    select when tied opened eci re#(.*)# setting(eci) before tied closed
    fired { ent:heard := eci }
  }
}
"""


def test_a_fork_of_a_child_knows_its_own_parent_alone(engine: Engine) -> None:
    """Wherever the channel to the old parent stands: in variables, half-matched events, the configuration,
    or what the global block once read. What texts a ruleset had before is the original's history."""
    child = str(fork(engine, engine.make_child("tied")).eci)
    old = state(engine, child)["parent"]
    url = engine.publish(TIED)
    for text in (TIED.replace("before = ctx:parent", "before = null"), TIED):
        engine.publish(text)
        engine.send("wrangler:install_ruleset_request", child, url=url, config={"to": old, old: "by"})
    engine.send("tied:known", child)
    engine.send("tied:opened", child, eci=old)
    made = fork(engine, child)
    new = state(engine, made.id)["parent"]
    assert new != old
    assert old not in json.dumps(state(engine, made.id))
    engine.send("tied:closed", str(made.eci))
    told = engine.query("tied/all", str(made.eci))
    assert told == {"before": new, "parent": new, "heard": new, "config": {"to": new, new: "by"}}
    refusal = engine.run(engine.host.roll_back(Rid("tied"), Eci(str(made.eci)), None))
    assert isinstance(refusal, Refusal)
    assert "nothing to go back to" in refusal.reason


def test_a_fork_has_no_children_and_no_timers(engine: Engine) -> None:
    made = state(engine, fork(engine, engine.host.root_eci()).id)
    assert (made["children"], made["timers"], made["seq"]) == ([], [], 0)
    engine.move(5 * 60_000)
    assert engine.query("self/me")["n"] == 2
    assert state(engine, made["id"])["seq"] == 0


def test_a_fork_of_the_past(engine: Engine) -> None:
    """As the pico was after that turn."""
    now = state(engine, engine.host.root_eci())["seq"]
    made = fork(engine, engine.host.root_eci(), 1)
    assert made.rulesets == ["io.picolabs.wrangler"]
    assert isinstance(engine.run(engine.host.fork(engine.host.root_eci(), now + 100)), Refusal)
    assert isinstance(engine.run(engine.host.fork("nobody")), Refusal)


def test_a_fork_survives_a_restart_and_the_history_of_both_replays(engine: Engine) -> None:
    made = fork(engine, engine.host.root_eci())
    engine.send("self:known", str(made.eci))
    engine.restart()
    assert engine.query("self/me", str(made.eci))["n"] == 2
    for pico in (made.id, engine.host.root_eci()):
        told: Any = engine.run(engine.host.histories.replay(pico))
        assert (told["refused"], told["departure"], told["to"]) == (None, None, told["last"])


def test_nobody_outside_can_have_a_fork_made_by_an_event(engine: Engine) -> None:
    """Upkeep is the engine's own, and its question is not one that anybody answers."""
    reply = engine.reply("$engine:fork", {"pico": "whoever"})
    assert isinstance(reply, (Refusal, Fault))
    assert [child.name for child in engine.host.tree().children] == ["child"]
