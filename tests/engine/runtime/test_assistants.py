"""What AI assistants may do with picos: nothing but what was granted, under names that tell picos apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.core.messages import Fault, Refusal
from engine.core.model import Pico
from engine.runtime.offers import LONGEST
from engine.runtime.pictures import open_channel
from tests.compatibility.engine import Engine

COUNTER = Path("examples/counter/counter.krl").read_text("utf-8")


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    opened.install(COUNTER)
    yield opened
    opened.close()


def root(engine: Engine) -> Pico:
    return pico_of(engine, engine.host.root_eci())


def pico_of(engine: Engine, name: str) -> Pico:
    found = engine.run(engine.host.histories.pico(name))
    assert not isinstance(found, Refusal)
    return found


def grant(engine: Engine, *words: str, pico: str | None = None, granted: bool = True) -> Any:
    name = pico or engine.host.root_eci()
    return engine.run(engine.host.assistants.decide(name, words, granted))


def tools(engine: Engine) -> dict[str, Any]:
    return {one["name"]: one for one in engine.run(engine.host.assistants.tools())["tools"]}


def call(engine: Engine, tool: str, **arguments: Any) -> Any:
    return engine.run(engine.host.assistants.call(tool, arguments))


def resources(engine: Engine) -> dict[str, str]:
    """URIs by name."""
    found = engine.run(engine.host.assistants.resources())["resources"]
    return {one["name"]: one["uri"] for one in found}


def read(engine: Engine, name: str) -> Any:
    found = engine.run(engine.host.assistants.read(resources(engine)[name]))
    assert not isinstance(found, Refusal)
    return json.loads(found["text"]) if found["type"] == "application/json" else found["text"]


def test_nothing_is_granted_until_somebody_does(engine: Engine) -> None:
    """Neither tools nor resources, and what one guesses is refused."""
    assert (tools(engine), resources(engine)) == ({}, {})
    assert isinstance(call(engine, "root_counter_increment"), Refusal)
    uri = f"picomesh://picos/{root(engine).id}/state"
    assert isinstance(engine.run(engine.host.assistants.read(uri)), Refusal)


def test_a_ruleset_is_granted_with_its_events_and_queries(engine: Engine) -> None:
    """They run on the pico, with the attributes that their schemas describe."""
    grant(engine, "counter")
    assert list(tools(engine)) == [
        "root_counter_increment",
        "root_counter_reset",
        "root_ask_counter_count",
        "root_ask_counter_tickets",
    ]
    assert tools(engine)["root_counter_increment"]["schema"]["properties"]["by"]["default"] == 1
    assert [one["reads"] for one in tools(engine).values()] == [False, False, True, True]
    told = call(engine, "root_counter_increment", by=5)
    assert told["directives"][0]["options"] == {"count": 5}
    assert call(engine, "root_ask_counter_count") == {"value": 5}


def test_one_event_or_query_is_granted_alone(engine: Engine) -> None:
    """The others of its ruleset are not."""
    grant(engine, "counter:increment", "counter/tickets")
    assert list(tools(engine)) == ["root_counter_increment", "root_ask_counter_tickets"]


def test_what_comes_with_the_engine_is_granted_by_name_alone(engine: Engine) -> None:
    """Whoever may use Wrangler can do anything with a pico."""
    assert grant(engine)["words"] == ["*", "log", "state"]
    assert not any("wrangler" in name for name in tools(engine))
    grant(engine, "wrangler:new_child_request")
    assert "root_wrangler_new_child_request" in tools(engine)


def test_everything_means_later_rulesets_too(engine: Engine) -> None:
    """And a new text of one is offered as it is now."""
    grant(engine, "*")
    engine.install("ruleset late { meta { shares f } global { f = function(){ 1 } } }")
    assert "root_ask_late_f" in tools(engine)
    engine.install("ruleset late { meta { shares g } global { g = function(){ 2 } } }")
    assert "root_ask_late_f" not in tools(engine)
    assert call(engine, "root_ask_late_g") == {"value": 2}


def test_what_is_taken_back_is_gone_at_once(engine: Engine) -> None:
    """A part, or all of it."""
    grant(engine, "counter", "log")
    assert grant(engine, "counter", granted=False)["words"] == ["log"]
    assert tools(engine) == {}
    grant(engine, granted=False)
    assert resources(engine) == {}
    assert engine.run(engine.host.assistants.granted()) == {"granted": []}


@pytest.mark.parametrize(
    ("word", "hint"), [("countr", "did you mean counter?"), ("xyz", "counter, state, log")]
)
def test_a_word_that_nothing_declares_is_told(word: str, hint: str, engine: Engine) -> None:
    """With what was probably meant, and nothing of it is granted."""
    refused = grant(engine, "counter", word)
    assert isinstance(refused, Refusal)
    assert hint in str(refused.hint)
    assert tools(engine) == {}
    assert isinstance(grant(engine, "counter", granted=False), Refusal)


def test_state_is_what_granted_rulesets_remember(engine: Engine) -> None:
    """Of others nothing, and no channel stands in it."""
    grant(engine, "state", "counter")
    engine.send("counter:increment", by=2.0)
    found = read(engine, "root state")
    assert found["entities"] == {"counter": {"count": 2}}
    assert read(engine, "root rulesets/counter") == COUNTER
    assert "root log" not in resources(engine)


def test_the_log_tells_what_happened_and_names_no_channel(engine: Engine) -> None:
    """Which rules fired, what changed; the last fifty events."""
    grant(engine, "log")
    engine.send("counter:increment", ticket="a")
    newest = read(engine, "root log")["events"][-1]
    assert (newest["event"], newest["attrs"]) == ("counter:increment", {"ticket": "a"})
    assert {one["rule"] for one in newest["rules"] if one["verdict"] == "fired"} == {
        "increment",
        "remember_ticket",
    }
    assert engine.host.root_eci() not in json.dumps(newest)


def test_a_rule_that_fails_is_told_as_a_fault(engine: Engine) -> None:
    """The assistant learns what was wrong."""
    engine.install('ruleset bad { rule r { select when bad:bad pre { x = time:new(event:attrs{"t"}) } } }')
    grant(engine, "bad")
    assert isinstance(call(engine, "root_bad_bad", t="soon"), Fault)


def test_picos_of_one_name_have_tools_of_two(engine: Engine) -> None:
    """And names are such as assistants take, however long those of picos are."""
    for name in ("lamp", "lamp", "ÄÖ / " + "x" * 100):
        engine.send("wrangler:new_child_request", name=name)
    children = [child.pico for child in root(engine).children]
    for pico in children:
        engine.install(COUNTER, eci=str(open_channel(pico_of(engine, pico))))
        grant(engine, "counter/count", pico=pico)
    names = list(tools(engine))
    assert len(set(names)) == 3
    assert all(len(one) <= LONGEST and one.replace("_", "").replace("-", "").isascii() for one in names)
    assert [call(engine, one) for one in names] == [{"value": 0}] * 3


def test_grants_outlive_the_engine_and_those_of_picos_that_are_gone_do_not_matter(engine: Engine) -> None:
    """A pico that is deleted is told as gone, and nothing is offered of it."""
    engine.send("wrangler:new_child_request", name="lamp")
    (child,) = root(engine).children
    grant(engine, "*", pico=child.pico)
    engine.restart()
    (told,) = engine.run(engine.host.assistants.granted())["granted"]
    assert (told["name"], told["gone"]) == ("lamp", False)
    engine.send("wrangler:child_deletion_request", None, eci=child.eci)
    engine.settle()
    (told,) = engine.run(engine.host.assistants.granted())["granted"]
    assert (told["name"], told["gone"]) == (None, True)
    assert tools(engine) == {}
