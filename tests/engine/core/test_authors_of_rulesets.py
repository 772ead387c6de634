"""Who has signed a ruleset is learned by the turn that installs it, and remembered with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.core.codec import pack_ruleset, unpack_ruleset
from engine.core.messages import Done, Failed, Outcome
from tests.engine.core.bench import Bench
from tests.engine.core.making import make_turn
from tests.engine.core.test_kernel_events import tell

SHOW = tell("show", 'select when d t send_directive("is", ctx:rulesets[1]{"meta"})')
NEW = tell("new", "select when d t")
MIA = "did:key:mia"


def install(bench: Bench, **answer: Any) -> Outcome:
    """Have the pico install a ruleset of which the engine says this."""
    url = bench.publish(NEW)
    found = {"rid": "new", "hash": bench.urls[url].hash, "url": url}
    turn = make_turn("$engine", "install", {"url": url}, bench.pico.seq + 1)
    learned = replace(turn.inputs, answers=({**found, **answer},))
    return bench.run_turn(replace(turn, inputs=learned))


def test_a_pico_remembers_who_had_signed_its_ruleset() -> None:
    """And its rulesets can see it; of one that nobody signed there is nothing to be seen."""
    bench = Bench(SHOW)
    install(bench, signedBy=[MIA])
    assert bench.pico.rulesets[1].signed_by == (MIA,)
    [directive] = bench.done("d", "t").directives
    assert directive["options"]["signedBy"] == [MIA]
    install(bench)
    [directive] = bench.done("d", "t").directives
    assert "signedBy" not in directive["options"]


def test_what_nobody_signed_is_stored_as_it_always_was() -> None:
    """So that states of older versions keep their ids. What somebody signed is read again as it was."""
    bench = Bench()
    install(bench)
    assert set(pack_ruleset(bench.pico.rulesets[0])) == {"rid", "url", "hash", "config", "inputs"}
    install(bench, signedBy=[MIA])
    [signed] = bench.pico.rulesets
    assert unpack_ruleset(pack_ruleset(signed)) == signed


def test_a_refusal_of_the_engine_fails_the_turn_with_the_code_it_gives() -> None:
    """The decision is in the record, so a replay on an engine that trusts others comes out the same. Of
    answers that were recorded without a code, the one of that time is meant."""
    bench = Bench()
    refused = install(bench, error="it is not signed", code="R614")
    assert isinstance(refused, Failed)
    assert (refused.fault.code, bench.pico.rulesets) == ("R614", ())
    assert "it is not signed" in refused.fault.message
    older = install(bench, error="it does not compile")
    assert isinstance(older, Failed)
    assert older.fault.code == "R608"
    assert isinstance(install(bench), Done)
