"""A ruleset that misbehaves in each phase of its life: whatever it does, the other rulesets of its pico
go on, and nothing of what failed stays. What becomes of one that could be run once and cannot any more is
in `test_quarantine`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.config import Settings
from engine.core.messages import Fault
from tests.compatibility.engine import Engine

WITNESS = """
ruleset witness {
  meta { shares seen, errors, rids }
  global {
    seen = function() { ent:seen.defaultsTo(0) }
    errors = function() { ent:errors.defaultsTo([]) }
    rids = function() { ctx:rulesets.map(function(one) { one{"rid"} }) }
  }
  rule see { select when m good  always { ent:seen := seen() + 1 } }
  rule err { select when system error  always { ent:errors := errors().append(event:attrs{"code"}) } }
  rule birth { select when m birth  ctx:newPico(event:attrs{"rulesets"}) }
}
"""
SOUND = 'ruleset sound { rule r { select when m bad  send_directive("sound") } }'


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine(Settings(turn_steps=20_000))
    opened.install(WITNESS)
    yield opened
    opened.close()


def check_goes_on(engine: Engine) -> None:
    """The witness sees what comes next."""
    before = engine.query("witness/seen")
    engine.send("m:good")
    assert engine.query("witness/seen") == before + 1


BAD_AT_INSTALL = {
    "does not compile": ("ruleset bad { rule r { select when m bad  noop(nothing) } }", "nothing"),
    "is no ruleset": ("select when m bad", "is no ruleset"),
    "global block fails": ('ruleset bad { global { x = "a" - 1 } }', "cannot be subtracted"),
    "global block loops": (
        "ruleset bad { global { f = function(n) { f(n + 1) } x = f(0) } }",
        "nested",
    ),
    "module is missing": ("ruleset bad { meta { use module gone alias g } }", "Module not found: gone"),
    "module of itself": ("ruleset bad { meta { use module bad alias b } }", "bad"),
}


@pytest.mark.parametrize("phase", sorted(BAD_AT_INSTALL))
def test_what_cannot_be_installed_is_not(engine: Engine, phase: str) -> None:
    """The reason is told; a text that was there before stays in force."""
    text, reason = BAD_AT_INSTALL[phase]
    url = engine.publish(SOUND.replace("sound {", "bad {"))
    engine.send("wrangler:install_ruleset_request", url=url)
    engine.published.texts[url] = text
    assert reason in engine.fault("wrangler:install_ruleset_request", url=url)
    assert engine.names("m:bad") == ["sound"]
    check_goes_on(engine)


BAD_AT_WORK = {
    "rule fails": ('select when m bad  fired { ent:x := 1; ent:y := "a" - 1 }', "R601"),
    "action fails": ('select when m bad  ctx:delPico("nobody") fired { ent:x := 1 }', "R607"),
    "selection fails": ('select when m bad where ("a" - 1) == 2', "R601"),
    "rule loops": (
        "select when m bad foreach 0.range(9999) setting(x) foreach 0.range(9) setting(y)",
        "R701",
    ),
    "rule recurses": ("select when m bad pre { f = function(n) { f(n + 1) } x = f(0) }", "R702"),
    "rule raises for ever": ('select when m bad or m again fired { raise m event "again" }', "R70"),
    "rule fills memory": (
        'select when m bad pre { x = 0.range(99).reduce(function(s, n) { s + s }, "ten chars.") }',
        "R70",
    ),
}


@pytest.mark.parametrize("phase", sorted(BAD_AT_WORK))
def test_a_rule_that_goes_wrong_is_taken_back(engine: Engine, phase: str) -> None:
    """With everything that the event did, which is told to the pico's own rules, once."""
    body, code = BAD_AT_WORK[phase]
    engine.install(
        "ruleset bad { meta { shares x } global { x = function() { ent:x } } rule r { BODY } }".replace(
            "BODY", body
        )
    )
    reply = engine.reply("m:bad")
    assert isinstance(reply, Fault)
    assert reply.code.startswith(code)
    engine.settle()
    assert engine.query("witness/errors") == [reply.code]
    assert engine.query("bad/x") is None
    check_goes_on(engine)


def test_failing_about_a_failure_ends_there(engine: Engine) -> None:
    """Else it would go round for ever. What others made of the first failure goes with it."""
    engine.install('ruleset bad { rule r { select when m bad or system error  fired { ent:y := "a" - 1 } } }')
    assert isinstance(engine.reply("m:bad"), Fault)
    engine.settle()
    told = engine.run(engine.host.histories.log(engine.host.root_eci(), 100))
    assert isinstance(told, dict)
    assert [one["event"] for one in told["events"]][-2:] == ["m:bad", "system:error"]
    check_goes_on(engine)


@pytest.mark.parametrize("body", ['"a" - 1', "0.range(9999).map(function(n) { 0.range(n) })", "q()"])
def test_a_query_that_goes_wrong_is_answered(engine: Engine, body: str) -> None:
    """And changes nothing."""
    engine.install(
        "ruleset bad { meta { shares q } global { q = function() { BODY } } }".replace("BODY", body)
    )
    assert isinstance(engine.ask("bad/q", {}), Fault)
    check_goes_on(engine)


def test_a_module_that_others_use_is_not_uninstalled(engine: Engine) -> None:
    """Who depends on it is named; all of them go on."""
    engine.install(
        "ruleset module { meta { provides one } global { one = 1 } }",
        "ruleset user { meta { use module module shares two } global { two = [module:one, 1] } }",
    )
    refused = engine.fault("wrangler:uninstall_ruleset_request", rid="module")
    assert "Cannot uninstall module because user depends on it" in refused
    assert engine.query("user/two") == [1, 1]
    check_goes_on(engine)


def test_an_uninstalled_ruleset_leaves_no_timer(engine: Engine) -> None:
    """Nothing of it fires, now or after a restart."""
    engine.install(
        'ruleset bad { rule r { select when m bad  fired { schedule m event "good" repeat "* * * * * *" } } }'
    )
    engine.send("m:bad")
    engine.uninstall("bad")
    engine.move(by_ms=5_000)
    engine.restart(after_ms=5_000)
    assert engine.query("witness/seen") == 0
    assert engine.disk.timers == {}
    check_goes_on(engine)


def test_a_child_with_a_bad_ruleset_among_others_is_not_made(engine: Engine) -> None:
    """No rogue pico is left, nor a channel to it."""
    urls = [engine.publish(SOUND), engine.publish('ruleset bad { global { x = "a" - 1 } }')]
    picos, channels = set(engine.disk.snapshots), set(engine.disk.channels)
    for wanted in (urls, [urls[0], "file:///published/nothing.krl"]):
        assert engine.fault("m:birth", rulesets=[{"url": url} for url in wanted])
    engine.settle()
    assert (set(engine.disk.snapshots), set(engine.disk.channels)) == (picos, channels)
    engine.send("m:birth", rulesets=[{"url": urls[0]}])
    assert len(set(engine.disk.snapshots) - picos) == 1
    check_goes_on(engine)


def test_a_pico_is_deleted_whatever_its_rulesets_do(engine: Engine) -> None:
    """One that fails at every event, with a timer that goes on for ever."""
    child = engine.make_child("child")
    engine.install(
        """
        ruleset bad {
          rule plan { select when m plan  fired { schedule m event "bad" repeat "* * * * * *" } }
          rule r { select when m bad or system error  fired { ent:y := "a" - 1 } }
        }
        """,
        eci=child,
    )
    pico = engine.disk.channels[child]  # type: ignore[index]
    engine.send("m:plan", child)
    engine.move(by_ms=2_000)
    eci = engine.query("io.picolabs.wrangler/children")[0]["eci"]
    engine.send("wrangler:child_deletion_request", eci=eci)
    engine.settle()
    engine.move(by_ms=2_000)
    assert pico not in engine.disk.snapshots
    assert engine.disk.timers == {}
    check_goes_on(engine)
