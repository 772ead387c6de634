"""Rulesets come, change and go inside a turn, and never by halves."""

from __future__ import annotations

from dataclasses import replace

from engine.core.births import STEPS_OF_A_BIRTH
from engine.core.messages import CreatePico, Done, Effect, Failed
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench, names_of
from tests.engine.core.making import make_turn
from tests.engine.core.test_kernel_events import COUNTER, tell

INSTALLER = tell(
    "installer",
    """select when d install
       ctx:install(event:attrs{"url"}, event:attrs{"config"}) setting(rid)
       fired { ent:installed := rid; raise d event "installed" }""",
    'select when d uninstall ctx:uninstall(event:attrs{"rid"})',
)


def test_a_ruleset_sees_only_what_is_raised_after_it_was_installed() -> None:
    """It takes no part in the event that was under way."""
    bench = Bench(INSTALLER)
    url = bench.publish(tell("new", "select when d install or d installed send_directive(event:name)"))
    done = bench.done("d", "install", {"url": url})
    assert names_of(done) == ["installed"]
    assert done.pico.entities == {"installer": {"installed": "new"}}
    assert [one.rid for one in done.pico.rulesets] == ["installer", "new"]


MAKER = tell(
    "maker",
    """select when d make
       ctx:newPico(event:attrs{"urls"}.map(function(url) { { "url": url } })) setting(eci)""",
)


def test_all_that_a_child_is_born_with_is_asked_for_at_once() -> None:
    """A turn is run again for every question."""
    bench = Bench(MAKER)
    urls = [bench.publish(f"ruleset {rid} {{}}") for rid in ("one", "two", "three")]
    (made,) = bench.done("d", "make", {"urls": urls}).effects
    assert isinstance(made, CreatePico)
    assert [one.rid for one in made.pico.rulesets] == ["one", "two", "three"]
    assert len(bench.turns[-1].inputs.answers) == 1


def test_a_birth_from_before_that_comes_out_as_it_did() -> None:
    """Then there was a question for each, and as many answers in the record."""
    bench = Bench(MAKER)
    urls = [bench.publish(f"ruleset {rid} {{}}") for rid in ("one", "two", "three")]
    before = bench.pico
    made = bench.done("d", "make", {"urls": urls})
    turn = bench.turns[-1]
    old = tuple(turn.inputs.answers[0]["rulesets"])
    bench.pico = before
    bench.forget()
    assert bench.run_turn(replace(turn, inputs=replace(turn.inputs, answers=old))) == made


def test_one_of_several_that_cannot_be_had_is_named() -> None:
    bench = Bench(MAKER)
    good = bench.publish("ruleset one {}")
    failed = bench.failed("d", "make", {"urls": [good, "file:///nothing.krl"]})
    assert "cannot install file:///nothing.krl: there is no such text" in failed.fault.message


def test_the_config_is_kept_with_the_installation() -> None:
    """`ctx:rid_config` and `meta:rulesetConfig` show what the installer gave."""
    bench = Bench(INSTALLER)
    text = tell("new", 'select when d t send_directive("c", [ctx:rid_config, meta:rulesetConfig])')
    url = bench.publish(text)
    bench.done("d", "install", {"url": url, "config": {"key": 1.0}})
    (directive,) = bench.done("d", "t").directives
    assert directive["options"] == [{"key": 1.0}, {"key": 1.0}]


NURSERY = tell(
    "nursery", 'select when d born foreach 0.range(9) setting(n) ctx:newPico([{"url": event:attrs{"url"}}])'
)


def test_what_is_behind_a_url_is_asked_once_in_a_turn() -> None:
    """A turn is run anew with every answer; ten children of a kind take two runs and not eleven."""
    bench = Bench(NURSERY)
    url = bench.publish(COUNTER)
    done = bench.done("d", "born", {"url": url})
    assert len(bench.turns[-1].inputs.answers) == 1
    assert [rids_of(effect) for effect in done.effects] == [["counter"]] * 10


def test_a_turn_that_was_told_each_time_goes_by_what_it_was_told() -> None:
    """Histories have turns from when each ruleset was asked for, one of them with a new text in between."""
    bench = Bench(NURSERY)
    url = bench.publish(COUNTER)
    old = bench.urls[url].hash
    bench.publish(COUNTER + " ")
    new = bench.urls[url].hash
    turn = make_turn("d", "born", {"url": url}, 2)
    told = [{"rid": "counter", "hash": digest, "url": url} for digest in [old, new] * 5]
    done = bench.run_turn(replace(turn, inputs=replace(turn.inputs, answers=tuple(told))))
    assert isinstance(done, Done)
    born = [effect.pico for effect in done.effects if isinstance(effect, CreatePico)]
    assert [pico.rulesets[0].hash for pico in born] == [old, new] * 5


def rids_of(effect: Effect) -> list[str]:
    assert isinstance(effect, CreatePico)
    return [ruleset.rid for ruleset in effect.pico.rulesets]


def test_a_text_that_cannot_be_had_fails_the_turn() -> None:
    """The reason that came with the answer is in the fault."""
    failed = Bench(INSTALLER).failed("d", "install", {"url": "file:///nothing.krl"})
    assert failed.fault.code == "R608"
    assert "there is no such text" in failed.fault.message


def test_a_global_block_that_fails_takes_the_installation_back() -> None:
    """The pico is as it was, and the place in the new text is told."""
    bench = Bench(INSTALLER)
    url = bench.publish('ruleset new { global { x = "a" - 1 } }')
    failed = bench.failed("d", "install", {"url": url})
    assert [one.rid for one in failed.pico.rulesets] == ["installer"]
    assert (failed.fault.code, failed.fault.places[0].rid, failed.fault.places[0].within) == (
        "R601",
        "new",
        "global",
    )


def test_a_new_text_takes_the_place_of_the_old_one_and_keeps_its_variables() -> None:
    bench = Bench(COUNTER, tell("other", "select when d t"))
    bench.done("counter", "increment")
    bench.publish(COUNTER.replace("+ 1", "+ 10"))
    assert isinstance(bench.install("file:///counter.krl"), Done)
    assert [one.rid for one in bench.pico.rulesets] == ["counter", "other"]
    assert bench.done("counter", "increment").pico.entities == {"counter": {"n": 11.0}}


def test_a_new_text_keeps_half_matched_events_of_rules_that_stay_the_same() -> None:
    """A rule whose event expression is another one starts anew; one that is gone leaves nothing."""
    kept, changed = "select when d a before d b", "select when d a before d c"
    gone = "select when d a before d d"
    bench = Bench(tell("r", f'{kept} send_directive("kept")', f'{changed} send_directive("old")', gone))
    bench.done("d", "a")
    bench.publish(
        tell("r", f'{kept} send_directive("still")', f'{changed} where ent:x.isnull() send_directive("new")')
    )
    bench.install("file:///r.krl")
    assert names_of(bench.done("d", "b")) == ["still"]
    assert names_of(bench.done("d", "c")) == []
    assert "r2" not in bench.pico.patterns.get("r", {})  # type: ignore[call-overload]


def test_uninstalling_removes_everything_of_the_ruleset() -> None:
    bench = Bench(INSTALLER, COUNTER)
    bench.done("counter", "increment")
    done = bench.done("d", "uninstall", {"rid": "counter"})
    assert [one.rid for one in done.pico.rulesets] == ["installer"]
    assert done.pico.entities == {}
    assert bench.failed("d", "uninstall", {"rid": "counter"}).fault.code == "R605"


def test_a_ruleset_may_uninstall_itself() -> None:
    """Its rule runs to its end, but it has no variables any more, no further rules and no events."""
    bench = Bench(
        tell(
            "r",
            'select when d t every { ctx:uninstall(meta:rid); send_directive("bye") } '
            'fired { ent:x := 1; raise d event "t" }',
            'select when d t send_directive("never")',
        )
    )
    done = bench.done("d", "t")
    assert names_of(done) == ["bye"]
    assert (done.pico.rulesets, done.pico.entities) == ((), {})


MODULE = """
ruleset module {
  meta { provides bump, act, seen, word configure using word = "default" }
  global {
    bump = function(n) { n + 1 }
    seen = function() { [event:name, event:attrs, meta:eci, meta:ruleName, meta:inEvent, meta:rid, ent:mine] }
    act = defaction() { send_directive("acted", {"word": word}) }
  }
  rule mine { select when d mine fired { ent:mine := "mine" } }
}
"""
USER = """
ruleset user {
  meta { use module module alias m with word = "given" shares bumped }
  global { bumped = function(n) { m:bump(n) } }
  rule t { select when d t m:act() }
  rule s { select when d s send_directive("seen", m:seen()) }
}
"""


def test_a_module_lends_its_functions_and_actions() -> None:
    """Configured by its user; directives are the user's."""
    bench = Bench(MODULE, USER)
    assert bench.query("user", "bumped", {"n": 1.0}) == 2.0
    (directive,) = bench.done("d", "t").directives
    assert directive["options"] == {"word": "given"}
    assert directive["meta"]["rid"] == "user"
    assert directive["meta"]["rule_name"] == "t"


def test_a_module_sees_its_own_variables_and_nothing_of_the_event() -> None:
    bench = Bench(MODULE, USER)
    bench.done("d", "mine")
    (directive,) = bench.done("d", "s").directives
    assert directive["options"] == [None, None, None, None, False, "module", "mine"]


def test_a_module_has_to_be_installed_first() -> None:
    bench = Bench()
    failed = bench.install(bench.publish(USER))
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R605"
    assert "Module not found: module" in failed.fault.message


def test_a_module_in_use_cannot_be_uninstalled() -> None:
    """Not even when it is used through another one."""
    middle = "ruleset middle { meta { use module module alias m provides go } global { go = m:bump } }"
    bench = Bench(INSTALLER, MODULE, middle)
    failed = bench.failed("d", "uninstall", {"rid": "module"})
    assert failed.fault.code == "R607"
    assert "Cannot uninstall module because middle depends on it" in failed.fault.message
    bench.done("d", "uninstall", {"rid": "middle"})
    bench.done("d", "uninstall", {"rid": "module"})


def test_a_new_text_of_a_module_reaches_its_users_in_the_same_turn() -> None:
    bench = Bench(MODULE, USER)
    bench.publish(MODULE.replace("n + 1", "n + 100"))
    bench.install("file:///module.krl")
    assert bench.query("user", "bumped", {"n": 1.0}) == 101.0
    bench.forget()
    assert bench.query("user", "bumped", {"n": 1.0}) == 101.0


def test_modules_cannot_use_each_other_in_a_circle() -> None:
    """The circle is named."""
    bench = Bench("ruleset a { meta { provides x } global { x = 1 } }")
    bench.install(bench.publish("ruleset b { meta { use module a alias a provides x } global { x = 2 } }"))
    bench.publish("ruleset a { meta { use module b alias b provides x } global { x = 1 } }")
    failed = bench.install("file:///a.krl")
    assert isinstance(failed, Failed)
    assert "Dependency Cycle Found: a -> b -> a" in failed.fault.message


def test_what_a_global_block_read_stays_what_it_was() -> None:
    """Woken again on a pico that has changed since, a global has the value it got when it was installed."""
    bench = Bench(tell("first", "select when d t fired { ent:x := 1 }"))
    bench.install(
        bench.publish(
            """
            ruleset r {
              meta { shares then, now, drawn }
              global {
                then = [ctx:channels.length(), ctx:rid_config, ent:n]
                drawn = [random:uuid(), time:now()]
                now = function() { [ctx:channels.length(), ctx:rid_config, ent:n] }
              }
              rule change { select when d change ctx:newChannel(["x"]) fired { ent:n := 7 } }
            }
            """
        ),
        {"a": "b"},
    )
    drawn = bench.query("r", "drawn")
    bench.done("d", "change")
    bench.forget()
    assert bench.query("r", "drawn") == drawn
    assert bench.query("r", "then") == [1.0, {"a": "b"}, None]
    assert bench.query("r", "now") == [2.0, {"a": "b"}, 7.0]


def test_upkeep_needs_to_be_understood() -> None:
    """The engine's own events say what they want or fail."""
    assert Bench().failed("$engine", "dance").fault.code == "R606"
    assert Bench().failed("$engine", "install", {}).fault.code == "R606"


def test_upkeep_can_uninstall() -> None:
    bench = Bench(COUNTER)
    assert bench.done("$engine", "uninstall", {"rid": "counter"}).pico.rulesets == ()


def test_a_global_block_is_heard_once() -> None:
    """It logs when it is installed; that it runs again to wake the ruleset is nobody's business."""
    bench = Bench()
    url = bench.publish('ruleset r { global { x = 1.klog("global") } rule t { select when d t } }')
    installed = bench.install(url)
    assert isinstance(installed, Done)
    assert [line.message for line in installed.log] == ["global"]
    bench.forget()
    assert bench.done("d", "t").log == ()


def test_waking_is_not_at_the_turns_expense() -> None:
    """A global block that took a larger budget to install does not fail the turns that come later."""
    bench = Bench(budget=Budget(steps=10_000))
    url = bench.publish("ruleset r { global { x = 0.range(4000) } rule t { select when d t } }")
    bench.install(url)
    bench.budget = Budget(steps=100)
    bench.forget()
    woken = bench.done("d", "t")
    assert woken.steps == bench.done("d", "t").steps


KEEPER = tell(
    "keeper",
    """select when d flush
       ctx:flush(event:attrs{"url"})""",
    """select when d again
       every {
         ctx:uninstall("new")
         ctx:install(event:attrs{"url"})
       }
       fired { raise d event "write" }""",
)


def test_a_flush_of_what_has_another_name_now_changes_nothing() -> None:
    """Else it would be installed beside the old one, and both would hear every event."""
    bench = Bench(KEEPER)
    url = bench.publish("ruleset new {}")
    bench.install(url)
    before = bench.pico.rulesets
    bench.publish("ruleset other {}", url)
    failed = bench.failed("d", "flush", {"url": url})
    assert failed.fault.message == f"{url} is the ruleset other now, and no longer new"
    assert bench.pico.rulesets == before


def test_what_comes_back_in_the_turn_in_which_it_went_can_remember_again() -> None:
    """What a ruleset that is gone still does leaves nothing; this one is not gone."""
    text = "ruleset new { rule w { select when d write fired { ent:x := 1 } } }"
    bench = Bench(KEEPER)
    url = bench.publish(text)
    bench.install(url)
    bench.done("d", "again", {"url": url})
    assert bench.pico.entities == {"new": {"x": 1.0}}


def test_a_child_that_is_made_writes_into_the_log_of_the_turn() -> None:
    """It has no other yet, and what its global blocks say is often why it was made."""
    bench = Bench(MAKER)
    url = bench.publish('ruleset one { global { x = 1.klog("born with") } }')
    done = bench.done("d", "make", {"urls": [url]})
    assert [(line.rid, line.message) for line in done.log] == [("one", "born with")]


def test_births_and_deaths_are_charged() -> None:
    """Each makes or looks through more than a step's worth of pico; else a turn could do thousands."""
    bench = Bench(
        MAKER,
        tell("killer", "select when d kill ctx:delPico(ctx:children.head())"),
        tell("many", "select when d many foreach 0.range(49) setting(n) ctx:newPico([])"),
    )
    idle = bench.done("d", "nothing").steps
    assert bench.done("d", "make", {"urls": []}).steps >= idle + STEPS_OF_A_BIRTH
    few = bench.done("d", "kill").steps
    bench.done("d", "many")
    assert bench.done("d", "kill").steps >= few + 49
