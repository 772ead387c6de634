"""The module `ipfs`: what a rule knows at once, what it asks, and what leaves with the commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.core.blocks.dag_cbor import encode
from engine.core.cids import cid_of, cid_text
from engine.core.domains.ipfs import MEMBERS
from engine.core.kernel import Opened, react
from engine.core.messages import AskLater, Asks, Done, Failed, Question, SendEvent
from engine.core.reports import report
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench
from tests.engine.core.test_kernel_events import tell

CID = cid_text(cid_of(encode({"a": 1})))
RAW = cid_text(cid_of(b"hello", "raw"))


class Nodes:
    """Gives one answer to everything, and remembers what was asked."""

    def __init__(self, value: Any = None) -> None:
        self.answer: Mapping[str, Any] = {"value": value}
        self.asked: list[Mapping[str, Any]] = []

    def __call__(self, question: Question) -> Mapping[str, Any]:
        assert question.kind == "module"
        self.asked.append(question.content)
        return self.answer


def on_the_bench(rule: str, nodes: Nodes | None = None) -> Bench:
    """A pico that may use the module, with one rule on d:t."""
    bench = Bench(tell("r", f"select when d t {rule}", 'select when d u send_directive("told", event:attrs)'))
    bench.done("$engine", "grant", {"module": "ipfs"})
    bench.outside = nodes or Nodes()
    return bench


def result_of(expression: str, nodes: Nodes | None = None) -> Any:
    rule = f'pre {{ x = {expression} }} fired {{ raise d event "u" attributes {{"x": x}} }}'
    (directive,) = on_the_bench(rule, nodes).done("d", "t").directives
    return directive["options"]["x"]


def fault_of(rule: str) -> tuple[str, str]:
    fault = on_the_bench(rule).failed("d", "t").fault
    return fault.code, fault.message


def errands_of(rule: str) -> list[AskLater]:
    outcome = on_the_bench(rule).done("d", "t")
    return [effect for effect in outcome.effects if isinstance(effect, AskLater)]


PUT = 'ipfs:put({"a": 1}) setting(cid) fired { raise d event "u" attributes {"x": cid} }'


def test_a_pico_has_to_be_granted_it() -> None:
    bench = Bench(tell("r", f"select when d t {PUT}"))
    assert bench.failed("d", "t").fault.code == "R611"


def test_a_rule_that_puts_something_goes_on_with_its_cid() -> None:
    """It is computed, so nobody is asked, and the turn that is run again has the same."""
    bench = on_the_bench(PUT)
    before = bench.pico
    first = bench.done("d", "t")
    assert first.directives[0]["options"]["x"] == CID
    again = react(before, bench.turns[-1], bench.programs, Budget(), Opened())
    assert isinstance(again, Done)
    assert again.effects == first.effects


def test_what_is_put_leaves_after_the_commit() -> None:
    """As an effect under a key; the pico hears of it only if it was not kept."""
    (errand,) = errands_of(PUT)
    assert errand.question.content == {
        "module": "ipfs",
        "name": "put",
        "arguments": {"value": {"a": 1.0}, "cid": CID},
        "key": errand.question.content["key"],
    }
    assert len(errand.question.content["key"]) == 32
    assert report(errand, {"value": {"cid": CID, "bytes": 1.0}}) is None
    told = report(errand, {"error": "no room", "code": "R608"})
    assert isinstance(told, SendEvent)
    assert (told.domain, told.name, told.attrs["data"]) == ("system", "error", "no room")


def test_with_autosend_it_hears_of_that_too() -> None:
    told = '{"eci": event:eci, "domain": "d", "name": "stored"}'
    (errand,) = errands_of(f'ipfs:put({{"a": 1}}, autosend = {told})')
    event = report(errand, {"value": {"cid": CID, "bytes": 516.0}})
    assert isinstance(event, SendEvent)
    assert (event.name, event.attrs["value"]) == ("stored", {"cid": CID, "bytes": 516.0})


def test_dropping_names_what_was_put() -> None:
    (errand,) = errands_of(f'ipfs:drop("ipfs://{CID}")')
    assert errand.question.content["arguments"] == {"cid": CID}


def test_the_cid_of_a_value_can_be_had_without_putting_it() -> None:
    assert result_of('ipfs:cid({"a": 1})') == CID


@pytest.mark.parametrize("named", [f'"{CID}"', f'"ipfs://{CID}"', f'"ipfs:{CID}"', f'{{"/": "{CID}"}}'])
def test_a_block_is_named_by_its_cid_or_a_link(named: str) -> None:
    """However it is written, the question is the same one."""
    nodes = Nodes({"a": 1.0})
    assert result_of(f"ipfs:get({named})", nodes) == {"a": 1.0}
    assert [one["arguments"] for one in nodes.asked] == [{"cid": CID, "form": None}]


def test_getting_is_a_question_of_the_turn() -> None:
    """Which waits for it, and is run again with what was answered then: nobody is asked."""
    rule = f'pre {{ x = ipfs:get("{CID}") }} send_directive("got", {{"x": x}})'
    bench = on_the_bench(rule, Nodes({"a": 1.0}))
    before = bench.pico
    first = bench.done("d", "t")
    turn = bench.turns[-1]
    assert turn.inputs.answers == ({"value": {"a": 1.0}},)
    asked = react(
        before, replace(turn, inputs=replace(turn.inputs, answers=())), bench.programs, Budget(), Opened()
    )
    assert isinstance(asked, Asks)
    assert "key" not in asked.question.content
    again = react(before, turn, bench.programs, Budget(), Opened())
    assert isinstance(again, Done)
    assert again.directives == first.directives


def test_what_cannot_be_had_is_a_fault_of_the_turn() -> None:
    nodes = Nodes()
    nodes.answer = {"error": "nobody has it", "code": "R608"}
    outcome = on_the_bench(f'pre {{ x = ipfs:get("{CID}") }}', nodes).run("d", "t")
    assert isinstance(outcome, Failed)
    assert (outcome.fault.code, outcome.fault.message) == ("R608", "nobody has it")


def test_raw_bytes_are_given_as_text_where_that_is_asked_for() -> None:
    nodes = Nodes("hello")
    assert result_of(f'ipfs:get("{RAW}", "text")', nodes) == "hello"
    assert nodes.asked[0]["arguments"] == {"cid": RAW, "form": "text"}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('pre { x = ipfs:get("x") }', "ipfs:get: 'x' is not a CID"),
        ("pre { x = ipfs:get() }", "ipfs:get needs a CID, not null"),
        ('pre { x = ipfs:get("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG") }', "ipfs:get: "),
        (f'pre {{ x = ipfs:get("{CID}", "text") }}', "as 'text' is neither"),
        (f'pre {{ x = ipfs:get("{RAW}", "image") }}', "as 'image' is neither"),
        ('ipfs:put({"/": 5})', "ipfs:put: the value cannot be a block"),
        ("ipfs:drop(5)", "ipfs:drop needs a CID, not 5"),
    ],
)
def test_what_is_not_as_it_has_to_be_is_told_at_once(rule: str, why: str) -> None:
    """Before anybody is asked anything."""
    code, message = fault_of(rule)
    assert code == "R601"
    assert message.startswith(why) or why in message


def test_a_large_value_costs_what_it_takes_to_write_it() -> None:
    """So no turn works long without being charged for it."""
    bench = on_the_bench('pre { x = ipfs:cid(event:attrs{"text"}) }')
    bench.done("d", "t", {"text": "x" * 1_000})
    bench.budget = Budget(steps=6_000)
    assert bench.failed("d", "t", {"text": "x" * 900_000}).fault.code == "R701"


def test_the_documentation_lists_the_members() -> None:
    """With their parameters, in the section about blocks for everybody."""
    readme = Path(__file__).resolve().parents[4] / "engine" / "README.md"
    (section,) = re.findall(
        r"^## Blocks for everybody\n(.*?)^## ", readme.read_text(), re.DOTALL | re.MULTILINE
    )
    listed = {
        name: tuple(filter(None, parameters.split(", ")))
        for name, parameters in re.findall(r"^\| `(\w+)\((.*?)\)` \|", section, re.MULTILINE)
    }
    assert listed == {name: member.parameters for name, member in MEMBERS.items()}
