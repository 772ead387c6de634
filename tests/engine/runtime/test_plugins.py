"""Plugins in an engine: what is asked of them, when, how often, and what becomes of their mistakes."""

from __future__ import annotations

import asyncio
import copy
import logging
from typing import Any

import pytest

from engine.config import Settings
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci
from engine.plugins import BadModule, Module
from engine.plugins.collection import Found, Plugin, Problem, collect
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, QueryReply
from engine.wiring import make_host
from tests.engine.in_loop import in_loop
from tests.fakes.garden import ARITHMETIC, Garden, celsius
from tests.fakes.memory_journal import Disk, MemoryJournal

GARDENER = """
ruleset gardener {
  meta { shares seen, warmth }
  global {
    seen = function() { {"found": ent:found, "watered": ent:watered, "errors": ent:errors} }
    warmth = function(place) { garden:read(place) }
  }
  rule look {
    select when garden look
    pre { found = garden:read(event:attrs{"place"}) }
    fired { ent:found := found }
  }
  rule turn {
    select when garden turn
    garden:turn(event:attrs{"share"}) setting(done)
    fired { ent:found := done }
  }
  rule dry { select when garden dry garden:water(event:attrs{"litres"}) }
  rule watered { select when garden water fired { ent:watered := event:attrs{"value"} } }
  rule odd {
    select when garden odd
    pre { found = garden:anything() }
    fired { ent:found := found }
  }
  rule complain { select when system error fired { ent:errors := event:attrs{"data"} } }
}
"""


class Yard:
    """An engine with a garden, whose root pico is a gardener; `restart` is after the power came back."""

    def __init__(self, tmp_path: Any, settings: Settings | None = None) -> None:
        self.garden = Garden()
        self.disk = Disk()
        self.settings = settings or Settings()
        self._path = tmp_path
        self.host: Host
        self.journal: MemoryJournal

    async def open(self, granted: bool = True) -> Yard:
        await self.restart()
        if granted:
            await self.host.grant(self.root, "garden", True)
        text = self._path / "gardener.krl"
        text.write_text(GARDENER)
        install = {"url": text.as_uri()}
        reply = await self.host.run_event(self.root, "wrangler", "install_ruleset_request", install)
        assert isinstance(reply, EventReply), reply
        return self

    async def restart(self) -> None:
        self.journal = MemoryJournal(self.disk)
        plugins = collect([self.garden.module()], Found(), for_workers=False)
        self.host = make_host(self.journal, self.settings, plugins=plugins)
        await self.host.start()

    @property
    def root(self) -> Eci:
        return self.host.root_eci()

    async def send(self, name: str, **attrs: Any) -> Any:
        return await self.host.run_event(self.root, "garden", name, attrs)

    async def ask(self, name: str, **args: Any) -> Any:
        reply = await self.host.run_query(self.root, "gardener", name, args)
        return reply.value if isinstance(reply, QueryReply) else reply


@in_loop
async def test_a_rule_waits_for_a_question(tmp_path: Any) -> None:
    """The plugin is told which pico asks, and its answer is what the rule goes on with."""
    yard = await Yard(tmp_path).open()
    await yard.send("look", place="pond")
    assert (await yard.ask("seen"))["found"] == 21.0
    ((call, place),) = yard.garden.asked
    assert (call.pico, call.key, place) == (yard.host.tree().id, None, "pond")


@in_loop
async def test_queries_ask_too(tmp_path: Any) -> None:
    yard = await Yard(tmp_path).open()
    assert await yard.ask("warmth", place="pond") == 21.0


@in_loop
async def test_an_answer_is_recorded_and_not_asked_for_again(tmp_path: Any) -> None:
    """A replay of the history comes out the same, though the weather has changed, and asks nobody."""
    yard = await Yard(tmp_path).open()
    await yard.send("look", place="pond")
    yard.garden.degrees = -5.0
    told = await yard.host.histories.replay(yard.root)
    assert isinstance(told, dict)
    assert (told["refused"], told["departure"]) == (None, None)
    assert len(yard.garden.asked) == 1


@in_loop
async def test_what_acts_is_asked_again_under_its_key_after_a_crash(tmp_path: Any) -> None:
    """The turn was durable before, so the plugin hears of the same deed twice, and can tell."""
    yard = await Yard(tmp_path).open()
    died = asyncio.Event()

    async def die() -> None:
        yard.journal.crash()
        died.set()
        await asyncio.Event().wait()

    yard.garden.on_turn = die
    asked = asyncio.create_task(yard.send("turn", share=0.5))
    await died.wait()
    asked.cancel()
    yard.garden.on_turn = None
    await yard.restart()
    await yard.host.wait_quiet()
    (first, _), (second, _) = yard.garden.turned
    assert first.key == second.key is not None
    assert (await yard.ask("seen"))["found"] == {"open": 0.5}


@in_loop
async def test_an_effect_comes_back_as_an_event(tmp_path: Any) -> None:
    yard = await Yard(tmp_path).open()
    await yard.send("dry", litres=3.0)
    await yard.host.wait_quiet()
    assert (await yard.ask("seen"))["watered"] == 3.0
    ((call, litres),) = yard.garden.turned
    assert (litres, bool(call.key)) == (3.0, True)


@in_loop
async def test_an_effect_that_fails_is_told_once(tmp_path: Any) -> None:
    """As `system:error` for the pico."""
    yard = await Yard(tmp_path).open()
    await yard.send("dry", litres=300.0)
    await yard.host.wait_quiet()
    seen = await yard.ask("seen")
    assert (seen["watered"], seen["errors"]) == (None, "garden:water: the well is dry")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("moon", "garden:read: there is no thermometer on the moon"),
        ("oven", "garden:read failed: ZeroDivisionError: too hot"),
        ("shed", "garden:read failed: SystemExit: locked"),
        ("pond, at night", "garden:read failed: CancelledError: nobody there"),
    ],
)
def test_a_question_that_fails_is_a_fault(tmp_path: Any, place: str, message: str) -> None:
    """Of the turn that asked, with the plugin's words; the next turn runs."""

    @in_loop
    async def run() -> None:
        yard = await Yard(tmp_path).open()
        logging.disable(logging.CRITICAL)
        fault = await yard.send("look", place=place)
        logging.disable(logging.NOTSET)
        assert isinstance(fault, Fault)
        assert (fault.code, fault.message) == ("R608", message)
        assert isinstance(await yard.send("look", place="pond"), EventReply)

    run()


@pytest.mark.parametrize("place", ["pond", "hammock"])
def test_a_plugin_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Any, place: str) -> None:
    """Not even one that goes on when it is told to stop."""

    @in_loop
    async def run() -> None:
        yard = await Yard(tmp_path, Settings(plugin_answer_s=0.01)).open()
        yard.garden.may_answer.clear()
        fault = await yard.send("look", place=place)
        assert isinstance(fault, Fault)
        assert fault.message == "garden:read gave no answer within 0.01 s (plugin_answer_s)"
        yard.garden.may_answer.set()

    run()


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (object(), "garden:anything gave an object of the class object"),
        ("x" * 200, "garden:anything gave 202 bytes; the limit is 100"),
    ],
)
def test_what_no_ruleset_can_have_does_not_reach_one(tmp_path: Any, gives: Any, message: str) -> None:
    @in_loop
    async def run() -> None:
        yard = await Yard(tmp_path, Settings(plugin_answer_bytes=100)).open()
        yard.garden.gives = gives
        fault = await yard.send("odd")
        assert isinstance(fault, Fault)
        assert fault.message.startswith(message)

    run()


# --- grants ------------------------------------------------------------------------------------------


@in_loop
async def test_a_plugin_that_reaches_out_has_to_be_granted(tmp_path: Any) -> None:
    """Until then its members are faults; the plugin hears nothing."""
    yard = await Yard(tmp_path).open(granted=False)
    fault = await yard.send("look", place="pond")
    assert isinstance(fault, Fault)
    assert fault.code == "R611"
    assert yard.garden.asked == []
    told = await yard.host.grant(yard.root, "garden", True)
    assert isinstance(told, dict)
    assert told["grants"] == {"garden": True}
    assert isinstance(await yard.send("look", place="pond"), EventReply)


@in_loop
async def test_grants_survive_a_restart(tmp_path: Any) -> None:
    yard = await Yard(tmp_path).open()
    await yard.host.drain()
    await yard.restart()
    assert isinstance(await yard.send("look", place="pond"), EventReply)


@in_loop
async def test_what_is_granted_is_listed(tmp_path: Any) -> None:
    """With the picos of which something was said."""
    yard = await Yard(tmp_path).open()
    await yard.host.grant(yard.root, "http", False)
    told = {one["name"]: one for one in (await yard.host.list_modules())["modules"]}
    root = yard.host.tree().id
    assert (told["garden"]["granted"], told["garden"]["free"]) == ([root], False)
    assert (told["http"]["refused"], told["http"]["free"]) == ([root], True)
    assert told["garden"]["from"] == "the host program"


@in_loop
async def test_saying_it_twice_makes_one_turn(tmp_path: Any) -> None:
    yard = await Yard(tmp_path).open()
    before = copy.deepcopy(yard.disk.records)
    told = await yard.host.grant(yard.root, "garden", True)
    assert isinstance(told, dict)
    assert yard.disk.records == before


@in_loop
async def test_a_grant_of_what_is_not_there_is_refused(tmp_path: Any) -> None:
    """Of a module that nobody has, with what was probably meant, and of a pico that is not there."""
    yard = await Yard(tmp_path).open()
    unknown = await yard.host.grant(yard.root, "gardn", True)
    assert unknown == Refusal("unknown", "this engine has no module gardn", "did you mean garden?")
    assert isinstance(await yard.host.grant(Eci("nobody"), "http", True), Refusal)


# --- which ones there are ----------------------------------------------------------------------------


def plugin(module: Module, origin: str) -> Plugin:
    return Plugin(module, origin)


def test_two_packages_with_one_module_are_both_left_out() -> None:
    """Each is told of the other: which code a pico runs must not depend on an order of ours."""
    other = Module("arithmetic", functions={"celsius": celsius})
    found = Found([plugin(ARITHMETIC, "sums 1.0"), plugin(other, "more-sums 2.0")])
    plugins = collect((), found, for_workers=True)
    assert plugins.plugins == ()
    assert [str(one) for one in plugins.problems] == [
        "the plugin arithmetic of sums 1.0 is left out: "
        "more-sums 2.0 has a module arithmetic too; leave one of them out",
        "the plugin arithmetic of more-sums 2.0 is left out: "
        "sums 1.0 has a module arithmetic too; leave one of them out",
    ]


def test_a_package_does_not_take_the_name_of_a_built_in_module() -> None:
    found = Found([plugin(Module("http", functions={"celsius": celsius}), "sly 1.0")])
    (problem,) = collect((), found, for_workers=True).problems
    assert problem == Problem("http", "sly 1.0", "a module http is built in; give it another name")


def test_the_host_programs_own_module_goes_before_an_installed_one() -> None:
    plugins = collect([ARITHMETIC], Found([plugin(ARITHMETIC, "sums 1.0")]), for_workers=True)
    assert [one.origin for one in plugins.plugins] == ["the host program"]
    assert "the host program has a module arithmetic too" in plugins.problems[0].reason


@pytest.mark.parametrize(
    "modules",
    [
        [Module("http", functions={"celsius": celsius})],
        [ARITHMETIC, Module("arithmetic", functions={"celsius": celsius})],
        [Module("sums", functions={"double": lambda x: x * 2})],
    ],
)
def test_a_host_program_is_told_at_once(modules: list[Module]) -> None:
    """What it gives and cannot have is a mistake in it, and no warning."""
    with pytest.raises(BadModule, match="cannot be given to an engine"):
        collect(modules, Found(), for_workers=True)


def test_without_workers_functions_may_be_anywhere() -> None:
    plugins = collect([Module("sums", functions={"double": lambda x: x * 2})], Found(), for_workers=False)
    assert plugins.problems == ()
