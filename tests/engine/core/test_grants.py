"""What a pico may use of the modules its engine has: said by the engine's owner, kept in the pico's state."""

from __future__ import annotations

import pytest

from engine.core.catalogue import Catalogue, Domain
from engine.core.codec import from_bytes, pack_pico, to_bytes, unpack_pico
from engine.core.domains import BUILT_IN
from engine.core.messages import CreatePico, Done, Failed
from engine.core.model import Pico
from engine.core.records import state_id
from pico_lang.host import Member
from tests.engine.core.bench import Bench
from tests.engine.core.making import ROOT

ROUNDING = """
ruleset rounding {
  meta { shares rounded }
  global { rounded = function(x) { math:round(x) } }
  rule tell { select when r t send_directive("told", {"value": math:round(event:attrs{"x"})}) }
  rule bear { select when r child ctx:newPico() }
}
"""


def grant(bench: Bench, module: str) -> None:
    bench.done("$engine", "grant", {"module": module})


def revoke(bench: Bench, module: str) -> None:
    bench.done("$engine", "revoke", {"module": module})


def test_all_built_in_modules_are_free() -> None:
    """A pico of whom nothing was said may use every one that rulesets of other engines expect. They do not
    know `ipfs`, which shows to everybody what is put there."""
    assert {name for name in BUILT_IN.domains if not BUILT_IN.is_granted(name, {})} == {"ipfs", "engine"}


def test_a_module_that_was_taken_away_is_a_fault_at_the_call() -> None:
    """Rules fail with R611, which names the member and how to mend it; others run as before."""
    bench = Bench(ROUNDING)
    revoke(bench, "math")
    failed = bench.failed("r", "t", {"x": 1.4})
    assert failed.fault.code == "R611"
    assert "math:round needs the module math" in failed.fault.message
    assert f"picomesh grant {ROOT} math" in failed.fault.message
    assert bench.done("r", "other").directives == ()


def test_a_query_fails_in_the_same_way() -> None:
    bench = Bench(ROUNDING)
    revoke(bench, "math")
    asked = bench.ask("rounding", "rounded", {"x": 1.0})
    assert isinstance(asked, Failed)
    assert asked.fault.code == "R611"


def test_a_module_that_is_given_back_works_at_once() -> None:
    """Also for rulesets that are awake."""
    bench = Bench(ROUNDING)
    revoke(bench, "math")
    bench.failed("r", "t", {"x": 1.4})
    grant(bench, "math")
    (directive,) = bench.done("r", "t", {"x": 1.4}).directives
    assert directive["options"] == {"value": 1.0}


def test_no_event_from_outside_grants_anything() -> None:
    """The domain of upkeep is the engine's; nothing of that name in a ruleset's own domain has any effect."""
    bench = Bench(ROUNDING)
    revoke(bench, "math")
    bench.done("engine", "grant", {"module": "math"})
    assert bench.pico.grants == {"math": False}


def test_a_global_block_that_was_noted_stays_as_it_was() -> None:
    """What it computed with a module is in the record of its installation, so waking needs no grant."""
    bench = Bench(
        """
        ruleset r {
          global { three = math:round(3.2) }
          rule tell { select when d t send_directive("told", {"value": three}) }
        }
        """
    )
    revoke(bench, "math")
    bench.forget()
    (directive,) = bench.done("d", "t").directives
    assert directive["options"] == {"value": 3.0}


def test_an_installation_whose_global_block_needs_the_module_fails_whole() -> None:
    bench = Bench()
    revoke(bench, "math")
    outcome = bench.install(bench.publish("ruleset r { global { three = math:round(3.2) } }"))
    assert isinstance(outcome, Failed)
    assert (outcome.fault.code, bench.pico.rulesets) == ("R611", ())


def test_a_child_may_use_no_more_than_its_parent() -> None:
    """It is born with what was said of the parent; what is said of either later concerns that one alone."""
    bench = Bench(ROUNDING)
    revoke(bench, "http")
    outcome = bench.done("r", "child")
    (child,) = (one.pico for one in outcome.effects if isinstance(one, CreatePico))
    assert child.grants == {"http": False}


def born(bench: Bench, arguments: str) -> Pico:
    """The child that a rule of the pico makes."""
    bench.install(bench.publish(f"ruleset m {{ rule r {{ select when m m ctx:newPico({arguments}) }} }}"))
    (child,) = (one.pico for one in bench.done("m", "m").effects if isinstance(one, CreatePico))
    return child


def test_a_parent_may_give_less_than_it_has() -> None:
    """Never more: what it goes without, its children go without."""
    bench = Bench()
    revoke(bench, "math")
    assert born(bench, 'without = ["http"]').grants == {"math": False, "http": False}
    assert bench.pico.grants == {"math": False}


def test_what_a_child_goes_without_it_has_never_had() -> None:
    """Its rulesets are opened under its own grants, in the turn that makes it."""
    bench = Bench()
    bench.publish("ruleset child { global { three = math:round(3.2) } }")
    url = '[{"url": "file:///child.krl"}]'
    assert born(bench, url).rulesets[0].rid == "child"
    bench.install(bench.publish(f'ruleset n {{ rule r {{ select when n n ctx:newPico({url}, ["math"]) }} }}'))
    assert bench.failed("n", "n").fault.code == "R611"


@pytest.mark.parametrize("without", ['"http"', "[5]", "{}"])
def test_what_a_child_goes_without_is_an_array_of_names(without: str) -> None:
    bench = Bench(f"ruleset m {{ rule r {{ select when m m ctx:newPico(without = {without}) }} }}")
    assert bench.failed("m", "m").fault.code == "R601"


def test_a_ruleset_of_a_child_is_opened_with_the_childs_grants() -> None:
    """Not even the global block of a child that is being made reaches what the parent may not."""
    bench = Bench(
        """
        ruleset r {
          rule bear { select when d t ctx:newPico(rulesets = [{"url": "file:///child.krl"}]) }
        }
        """
    )
    bench.publish("ruleset child { global { three = math:round(3.2) } }")
    revoke(bench, "math")
    assert bench.failed("d", "t").fault.code == "R611"


def test_grants_are_written_only_where_there_are_some() -> None:
    """State ids of picos of whom nothing was said are what they have always been."""
    bench = Bench(ROUNDING)
    assert "grants" not in pack_pico(bench.pico)
    revoke(bench, "math")
    grant(bench, "http")
    plain = from_bytes(to_bytes(pack_pico(bench.pico)))
    assert plain["grants"] == {"http": True, "math": False}
    assert state_id(unpack_pico(plain)) == state_id(bench.pico)


def test_a_ruleset_can_see_what_was_said_of_its_pico() -> None:
    """Only that: what else there is depends on the engine, and a turn does not."""
    bench = Bench("ruleset r { meta { shares f } global { f = function() { ctx:grants } } }")
    assert bench.query("r", "f") == {}
    revoke(bench, "http")
    grant(bench, "thermometer")
    assert bench.query("r", "f") == {"http": False, "thermometer": True}


@pytest.mark.parametrize(
    "action",
    [
        'http:post("https://site.example")',
        'http:get("https://site.example", autosend = {"eci": meta:eci, "domain": "a", "name": "b"})',
        'event:send({"eci": "c", "domain": "a", "name": "b"}, "https://site.example")',
        'ctx:event("c", "a", "b", {}, "https://site.example")',
        'ctx:install("https://site.example/r.krl")',
        'ctx:flush(" HTTPS://site.example/r.krl")',
        'ctx:newPico([{"url": "http://site.example/r.krl"}])',
    ],
)
def test_a_pico_without_the_web_does_not_get_there_by_another_name(action: str) -> None:
    """Not by sending events to other engines, and not by having rulesets fetched."""
    bench = Bench(f"ruleset r {{ rule r1 {{ select when d t {action} }} }}")
    revoke(bench, "http")
    fault = bench.failed("d", "t").fault
    assert (fault.code, "needs the module http" in fault.message) == ("R611", True)


def test_the_owner_installs_what_he_likes() -> None:
    """What a pico may not do says nothing of whoever runs the engine."""
    bench = Bench()
    revoke(bench, "http")
    bench.publish("ruleset r {}", "https://site.example/r.krl")
    assert isinstance(bench.install("https://site.example/r.krl"), Done)


def test_saying_the_same_again_changes_nothing() -> None:
    bench = Bench()
    revoke(bench, "http")
    outcome = bench.done("$engine", "revoke", {"module": "http"})
    assert outcome.changes == ()


def test_a_module_that_is_not_free_has_to_be_granted() -> None:
    """With nothing said, its calls refuse; granted, the table has the call itself: no test at each call."""

    def open_door(world: object) -> str:
        return "open"

    door = Domain("door", {"open": Member("action")}, {"open": open_door}, is_free=False)
    catalogue = Catalogue([*BUILT_IN.domains.values(), door])
    assert catalogue.calls({"door": True})["door", "open"] is open_door
    assert catalogue.calls({})["door", "open"] is not open_door
    assert catalogue.calls({}) is catalogue.calls({"door": False})
    assert catalogue.calls({})["math", "round"] is BUILT_IN.calls({})["math", "round"]


def test_a_fork_keeps_the_grants() -> None:
    original = Pico(ROOT, grants={"http": False})
    bench = Bench()
    bench.outside = lambda question: {"pico": from_bytes(to_bytes(pack_pico(original)))}
    outcome = bench.run("$engine", "fork", {"pico": ROOT})
    assert isinstance(outcome, Done)
    (made,) = (one.pico for one in outcome.effects if isinstance(one, CreatePico))
    assert made.grants == {"http": False}


@pytest.mark.parametrize("attrs", [{}, {"module": 1.0}])
def test_a_grant_of_nothing_is_refused(attrs: dict[str, object]) -> None:
    assert Bench().failed("$engine", "grant", attrs).fault.code == "R606"
