"""`picomesh repl` on the picos of a running engine."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.runtime.genesis import BORN_WITH


def run(engine: EngineClient, *words: str) -> Result:
    return CliRunner(env={"PICOMESH_URL": engine.url}).invoke(main, ["repl", *words])


def test_expressions_see_what_a_ruleset_sees(engine: EngineClient) -> None:
    """Its entity variables and functions, and the pico around it."""
    engine.send_event("root", ("counter", "reset"), {})
    engine.send_event("root", ("counter", "increment"), {"by": 5})
    result = run(engine, "root", "--rid", "counter", "-e", "n = ent:count", "-e", "[n + count(), meta:rid]")
    assert result.output == '5\n[\n  10,\n  "counter"\n]\n'


def test_a_pico_is_seen_without_any_ruleset_too(engine: EngineClient) -> None:
    """What is known of it to all; there are no entity variables then."""
    result = run(engine, "root", "-e", 'ctx:rulesets.map(function(one) { one{"rid"} })', "--json")
    assert json.loads(result.output)["value"] == [*BORN_WITH, "counter"]
    assert run(engine, "root", "-e", "ent:count").output == "null\n"


def test_looking_changes_nothing(engine: EngineClient) -> None:
    """There is no way to write an assignment or an action in an expression."""
    before = engine.query("root", ("counter", "count"), {})
    for text in ("ent:count := 7", "clear ent:count", "noop()", "a = defaction() { noop() } a()"):
        assert run(engine, "root", "--rid", "counter", "-e", text).exit_code == 1
    assert engine.query("root", ("counter", "count"), {}) == before


def test_faults_come_with_their_place(engine: EngineClient) -> None:
    """In the input with a caret, in the ruleset by its line; and a runaway is stopped."""
    result = run(engine, "root", "--rid", "counter", "-e", 'x = -"a"')
    assert result.exit_code == 1
    assert '   1 | x = -"a"\n     |     ^' in result.output
    assert "R70" in run(engine, "root", "-e", "f = function() { f() } f()").output
    assert "R610" in run(engine, "root", "--rid", "nothing", "-e", "1").output


def test_not_every_channel_lets_people_look_inside(engine: EngineClient) -> None:
    """One that anybody may be given shows only what rulesets share."""
    allow = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    queries = {"allow": [{"rid": "*", "name": "*"}], "deny": []}
    attrs = {"tags": ["public"], "eventPolicy": allow, "queryPolicy": queries}
    engine.send_event("root", ("wrangler", "new_channel_request"), attrs)
    channels = engine.query("root", ("io.picolabs.wrangler", "channels"), {"tags": "public"})
    with pytest.raises(Failure, match="cannot look inside"):
        engine.evaluate(channels[0]["id"], None, ["1"])
    with pytest.raises(Failure, match="there is no channel nobody"):
        engine.evaluate("nobody", None, ["1"])


def test_the_names_that_could_be_mentioned_are_told(engine: EngineClient) -> None:
    """For completion: what the ruleset declares, its entity variables, and what was declared before."""
    engine.send_event("root", ("counter", "increment"), {})
    names = engine.evaluate("root", "counter", ["mine = 1", ""])["names"]
    assert {"count", "tickets", "ent:count", "mine"} <= set(names)
