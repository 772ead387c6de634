"""Upgrades, trials and rollbacks on a whole engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from engine.authors import DidKeys
from engine.core.did_keys import DidKey
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, Pico, Rid
from engine.core.timekeeping import to_iso
from engine.ports import WebRequest, WebResponse
from tests.compatibility.engine import Engine
from tests.engine.core.test_upgrading import LIST, MAP
from tests.fakes.web import FakeWeb

NOTES = Rid("notes")
AUTHOR = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    opened.install(LIST)
    yield opened
    opened.close()


def add(engine: Engine, *texts: str, eci: str | None = None) -> None:
    for text in texts:
        engine.send("notes:add", eci, text=text)


def variables(engine: Engine, eci: str | None = None) -> Any:
    told = engine.run(engine.host.histories.state(eci or engine.host.root_eci(), None, NOTES))
    assert not isinstance(told, Refusal)
    return told["entities"]


def document(found: Any) -> Any:
    assert not isinstance(found, Refusal | Fault), found
    return found


def upgrade(engine: Engine, text: str | None = None, eci: str | None = None) -> Any:
    """Upgrade to a text that is published where the one before it was."""
    if text is not None:
        engine.publish(text)
    return engine.run(engine.host.upgrade(NOTES, None, None if eci is None else Eci(eci)))


def attempt(engine: Engine, text: str, events: int = 20) -> Any:
    """Try a text on the root pico."""
    engine.publish(text)
    tried = engine.run(engine.host.try_upgrade(NOTES, None, Eci(engine.host.root_eci()), events))
    (trial,) = document(tried)["trials"]
    return trial


def roll_back(engine: Engine, state: str | None = None) -> Any:
    return engine.run(engine.host.roll_back(NOTES, Eci(engine.host.root_eci()), state))


# --- forward ---------------------------------------------------------------------------------------


def test_all_picos_that_have_it_are_upgraded(engine: Engine) -> None:
    """Each in a turn of its own, from what it had."""
    child = engine.make_child("child")
    engine.make_child("other")
    engine.install(LIST, eci=child)
    add(engine, "a")
    add(engine, "b", eci=child)
    told = document(upgrade(engine, MAP))
    assert (len(told["upgraded"]), told["unchanged"], told["failed"]) == (2, [], [])
    assert [(one["from"]["version"], one["to"]["version"]) for one in told["upgraded"]] == [
        ("1.0", "2.0")
    ] * 2
    assert variables(engine) == {"notes": {"n0": "a"}}
    assert variables(engine, child) == {"notes": {"n0": "b"}}


def test_a_pico_that_is_named_is_upgraded_alone(engine: Engine) -> None:
    child = engine.make_child("child")
    engine.install(LIST, eci=child)
    add(engine, "a")
    add(engine, "b", eci=child)
    told = document(upgrade(engine, MAP, child))
    assert (len(told["upgraded"]), told["failed"]) == (1, [])
    assert variables(engine) == {"list": ["a"]}


def test_where_the_block_fails_the_old_text_stays_and_the_pico_is_named(engine: Engine) -> None:
    """The others go on."""
    child = engine.make_child("child")
    engine.install(LIST, eci=child)
    add(engine, "a", eci=child)
    engine.send("notes:add", text={"a": "map"})
    strict = MAP.replace("ent:notes := numbered", "ent:lengths := ent:list[0] - 0; ent:notes := numbered")
    strict = strict.replace("ent:list[0] - 0", 'ent:list[0] == "a" => 1 | ("x" - 1)')
    told = document(upgrade(engine, strict))
    assert len(told["upgraded"]) == 1
    (failed,) = told["failed"]
    assert (failed["fault"]["code"], failed["fault"]["places"][0]["within"]) == ("R601", "upgrade")
    assert variables(engine) == {"list": [{"a": "map"}]}
    assert variables(engine, child)["notes"] == {"n0": "a"}


def test_what_has_not_changed_is_left_alone(engine: Engine) -> None:
    turns = engine.run(engine.host.histories.state(engine.host.root_eci()))
    told = document(upgrade(engine))
    assert (told["upgraded"], len(told["unchanged"])) == ([], 1)
    assert engine.run(engine.host.histories.state(engine.host.root_eci())) == turns


def test_the_text_can_come_by_its_cid(engine: Engine) -> None:
    add(engine, "a")
    pushed = document(engine.run(engine.host.stock.push(MAP)))
    told = document(engine.run(engine.host.upgrade(NOTES, pushed["cid"], None)))
    assert told["upgraded"][0]["to"] == {"cid": pushed["cid"], "version": "2.0"}
    assert variables(engine) == {"notes": {"n0": "a"}}


def test_an_upgrade_is_replayed_like_any_turn(engine: Engine) -> None:
    """Also after a restart, and with the rollback that follows it."""
    add(engine, "a", "b")
    upgrade(engine, MAP)
    engine.restart()
    add(engine, "c")
    document(roll_back(engine, "restore"))
    told = document(engine.run(engine.host.histories.replay(engine.host.root_eci())))
    assert (told["refused"], told["departure"], told["to"]) == (None, None, told["last"])


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (LIST.replace("ruleset notes", "ruleset others"), "malformed", "is the ruleset others, not notes"),
        (LIST.replace("ent:list }", "lists }"), "uncompilable", "undefined name lists"),
        (None, "malformed", "nothing was published"),
    ],
)
def test_a_text_that_will_not_do_is_refused(engine: Engine, text: str | None, kind: str, reason: str) -> None:
    """Before any pico sees it."""
    url = "file:///published/notes.krl"
    if text is None:
        del engine.published.texts[url]
    else:
        engine.published.texts[url] = text
    refusal = upgrade(engine)
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, reason in refusal.reason) == (kind, True)


def test_a_source_that_is_gone_keeps_no_other_pico_from_being_upgraded(engine: Engine) -> None:
    """Without a source each has its text read from where it has it from."""
    add(engine, "a")
    child = engine.make_child("child")
    engine.published.texts["file:///published/mine.krl"] = LIST
    engine.send("wrangler:install_ruleset_request", child, url="file:///published/mine.krl")
    del engine.published.texts["file:///published/mine.krl"]
    told = document(upgrade(engine, MAP))
    assert [one["to"]["version"] for one in told["upgraded"]] == ["2.0"]
    assert [one["from"]["version"] for one in told["failed"]] == ["1.0"]


def test_a_ruleset_that_nobody_has_cannot_be_upgraded(engine: Engine) -> None:
    for eci in (None, Eci(engine.host.root_eci()), Eci("nobody")):
        refusal = engine.run(engine.host.upgrade(Rid("other"), None, eci))
        assert isinstance(refusal, Refusal)
        assert refusal.kind == "unknown"


# --- as if -----------------------------------------------------------------------------------------

GREETER = """
ruleset notes {
  meta { version "1.0" shares count }
  global { count = function() { ent:count } }
  rule add { select when notes add send_directive("noted", {"text": event:attrs{"text"}})
    fired { ent:count := ent:count.defaultsTo(0) + 1 } }
  rule ask { select when notes ask pre { found = http:get(event:attrs{"url"}){"content"} }
    send_directive("found", {"content": found}) fired { ent:found := found } }
  rule bad { select when notes bad pre { x = 1 - "x" } send_directive("x", {"x": x}) }
}
"""


def web(answer: Callable[[WebRequest], str]) -> FakeWeb:
    return FakeWeb(lambda request: WebResponse(200, "OK", {}, answer(request)))


@pytest.fixture
def site() -> FakeWeb:
    return web(lambda request: f"page {request.url}")


@pytest.fixture
def greeter(site: FakeWeb) -> Iterator[Engine]:
    opened = Engine(web=site)
    opened.install(GREETER)
    yield opened
    opened.close()


def state(engine: Engine) -> Any:
    return engine.run(engine.host.histories.state(engine.host.root_eci()))


def test_a_trial_says_what_the_upgrade_would_change_now(engine: Engine) -> None:
    """And changes nothing itself."""
    add(engine, "a", "b")
    before = state(engine)
    trial = attempt(engine, MAP)
    assert (trial["from"]["version"], trial["to"]["version"]) == ("1.0", "2.0")
    assert trial["now"]["outcome"] == "done"
    assert trial["now"]["differences"] == [
        {"part": ["entity", "notes", "list"], "old": ["a", "b"], "new": None},
        {"part": ["entity", "notes", "notes"], "old": None, "new": {"n0": "a", "n1": "b"}},
    ]
    assert [line["message"] for line in trial["now"]["log"]] == ["numbered 2"]
    assert state(engine) == before


def test_a_trial_goes_through_the_turns_that_followed(engine: Engine) -> None:
    """An upgrade then and the turns since lead to the same as the turns and an upgrade now."""
    add(engine, "a", "b", "c")
    trial = attempt(engine, MAP, events=2)
    assert (trial["turns"], trial["same"], trial["others"]) == (2, 2, [])
    assert trial["since"]["differences"][0]["old"] == ["a"]
    assert trial["beyond_upgrade"] == []
    assert [one["part"] for one in trial["differences"]] == [
        ["entity", "notes", "list"],
        ["entity", "notes", "notes"],
    ]


def test_what_would_have_come_out_differently_is_shown(greeter: Engine) -> None:
    """Turn by turn what was told, then in the end what is remembered."""
    add(greeter, "a", "b")
    polite = (
        GREETER.replace("1.0", "2.0")
        .replace('{"text": event:attrs{"text"}})', '{"text": event:attrs{"text"} + "!"})')
        .replace("+ 1 }", "+ 2 }")
    )
    trial = attempt(greeter, polite, events=1)
    (turn,) = trial["others"]
    assert (turn["event"], turn["status"]) == ("notes:add", "differs")
    (contrast,) = turn["contrasts"]
    assert contrast["part"] == "directives"
    assert [contrast[side][0]["options"]["text"] for side in ("then", "now")] == ["b", "b!"]
    assert trial["beyond_upgrade"] == [{"part": ["entity", "notes", "count"], "old": 2, "new": 3}]


def test_a_turn_that_would_fail_or_succeed_is_shown(greeter: Engine) -> None:
    """One that fails in the same way as before is the same."""
    greeter.fault("notes:bad")
    add(greeter, "a")
    worse = GREETER.replace("1.0", "2.0").replace("+ 1 }", '+ (1 - "y") }')
    trial = attempt(greeter, worse, events=3)
    outcomes = {turn["event"]: turn["contrasts"][0] for turn in trial["others"]}
    assert outcomes["notes:add"]["then"] == "done"
    assert outcomes["notes:add"]["now"].startswith("failed with R601")
    assert "notes:bad" not in outcomes
    better = GREETER.replace("1.0", "2.0").replace('1 - "x"', "1")
    (turn,) = attempt(greeter, better, events=3)["others"]
    assert (turn["event"], turn["contrasts"][0]["now"]) == ("notes:bad", "done")


def test_what_was_asked_then_is_answered_as_then(greeter: Engine, site: FakeWeb) -> None:
    """Nobody outside is asked again, in whatever order the new text asks."""
    greeter.send("notes:ask", url="http://site.example/a")
    asked = len(site.requests)
    twice = GREETER.replace("1.0", "2.0").replace("{ ent:found := found }", '{ ent:found := "new " + found }')
    trial = attempt(greeter, twice, events=1)
    assert trial["same"] == 1
    assert trial["beyond_upgrade"] == [
        {
            "part": ["entity", "notes", "found"],
            "old": "page /a",
            "new": "new page /a",
        }
    ]
    assert len(site.requests) == asked


def test_what_was_never_asked_cannot_be_answered(greeter: Engine, site: FakeWeb) -> None:
    """The question is named, and the trial goes on without that turn."""
    greeter.send("notes:ask", url="http://site.example/a")
    add(greeter, "a")
    asked = len(site.requests)
    other = GREETER.replace("1.0", "2.0").replace('event:attrs{"url"}', 'event:attrs{"url"} + "/more"')
    trial = attempt(greeter, other, events=2)
    (turn,) = trial["others"]
    assert (turn["event"], turn["status"]) == ("notes:ask", "asks")
    assert (turn["question"]["kind"], turn["question"]["url"]) == ("http", "http://site.example/a/more")
    assert [one["part"][2] for one in trial["beyond_upgrade"]] == ["found"]
    assert len(site.requests) == asked


def test_ids_and_keys_are_those_of_then(greeter: Engine) -> None:
    """What a turn sends and makes by chance is the same if the text does the same."""
    sender = GREETER.replace(
        'send_directive("noted", {"text": event:attrs{"text"}})',
        'every { event:send({"eci": meta:eci, "domain": "x", "type": "y"}) send_directive(random:uuid()) }',
    )
    greeter.flush(sender)
    add(greeter, "a")
    greeter.settle()
    trial = attempt(greeter, sender.replace("1.0", "2.0"), events=5)
    assert (trial["turns"] >= 2, trial["others"], trial["beyond_upgrade"]) == (True, [], [])


def test_a_trial_begins_where_the_text_came_that_it_would_replace(engine: Engine) -> None:
    """Turns under an older one, or from before there was any, say nothing of this upgrade."""
    add(engine, "a")
    upgrade(engine, MAP)
    add(engine, "b")
    third = (
        MAP.replace('"1.0"', '"2.0"')
        .replace('version "2.0"', 'version "3.0"')
        .replace("numbered(ent:list)", "ent:notes")
    )
    trial = attempt(engine, third, events=100)
    assert (trial["from"]["version"], trial["turns"], trial["same"]) == ("2.0", 1, 1)
    assert trial["since"]["outcome"] == "done"


def test_a_block_that_fails_is_tried_no_further(engine: Engine) -> None:
    add(engine, "a")
    trial = attempt(engine, MAP.replace("clear ent:list", 'ent:list := 1 - "x"'))
    for when in ("now", "since"):
        assert (trial[when]["outcome"], trial[when]["fault"]["code"]) == ("failed", "R601")
    assert (trial["turns"], trial["others"], trial["beyond_upgrade"]) == (0, [], None)


def test_a_block_that_needs_the_outside_is_not_answered(greeter: Engine, site: FakeWeb) -> None:
    asking = GREETER.replace(
        'version "1.0"',
        'version "2.0" upgrade from "1.0" { ent:page := http:get("http://site.example/new"){"content"} }',
    )
    trial = attempt(greeter, asking)
    assert (trial["now"]["outcome"], trial["now"]["question"]["url"]) == ("asks", "http://site.example/new")
    assert site.requests == []
    document(upgrade(greeter))
    assert variables(greeter)["page"] == "page /new"


def test_a_block_is_told_the_time_at_which_it_is_tried(engine: Engine) -> None:
    """Now, and that of the event that follows; without any events it is only tried now."""
    times = []
    for text in ("a", "b"):
        times.append(to_iso(engine.clock.time_ms))
        add(engine, text)
        engine.move(60_000)
    dated = MAP.replace("clear ent:list", "ent:at := time:now(); clear ent:list")
    trial = attempt(engine, dated, events=1)
    at = [one["new"] for one in trial["since"]["differences"] if one["part"][2] == "at"]
    assert at == times[1:]
    alone = attempt(engine, dated, events=0)
    assert (alone["turns"], alone["since"]) == (0, alone["now"])
    assert to_iso(engine.clock.time_ms) in [one["new"] for one in alone["now"]["differences"]]


def test_the_same_text_is_not_tried(engine: Engine) -> None:
    assert attempt(engine, LIST)["unchanged"]


def test_a_trial_on_everybody_says_how_many_were_left_out(engine: Engine) -> None:
    for number in range(12):
        engine.install(LIST, eci=engine.make_child(f"child {number}"))
    engine.publish(MAP)
    tried = document(engine.run(engine.host.try_upgrade(NOTES, None, None, 5)))
    assert (len(tried["trials"]), tried["not_tried"]) == (10, 3)


# --- back ------------------------------------------------------------------------------------------


def test_an_upgrade_that_changed_nothing_is_undone_at_once(engine: Engine) -> None:
    add(engine, "a")
    upgrade(engine, LIST.replace("1.0", "1.1").replace("append(", "append(2).append("))
    told = document(roll_back(engine))
    assert (told["from"]["version"], told["to"]["version"], told["lost"]) == ("1.1", "1.0", [])
    add(engine, "b")
    assert variables(engine) == {"list": ["a", "b"]}


def test_one_that_changed_variables_needs_a_decision(engine: Engine) -> None:
    """The refusal says which there are, and what would be lost."""
    add(engine, "a")
    upgrade(engine, MAP)
    add(engine, "b")
    refusal = roll_back(engine)
    assert isinstance(refusal, Refusal)
    assert refusal.kind == "undecided"
    assert all(choice in str(refusal.hint) for choice in ("--keep-state", "--restore-state", "1 change"))
    assert refusal.extra["written_since"][0]["part"] == ["entity", "notes", "notes"]
    assert variables(engine) == {"notes": {"n0": "a", "n1": "b"}}


def test_variables_are_restored_from_the_history(engine: Engine) -> None:
    """What was written since is named."""
    add(engine, "a")
    upgrade(engine, MAP)
    add(engine, "b")
    told = document(roll_back(engine, "restore"))
    assert told["lost"] == [
        {"part": ["entity", "notes", "notes"], "old": {"n0": "a"}, "new": {"n0": "a", "n1": "b"}}
    ]
    assert variables(engine) == {"list": ["a"]}
    add(engine, "c")
    assert engine.query("notes/notes") == ["a", "c"]


def test_what_others_write_in_the_meantime_is_named_too(engine: Engine) -> None:
    """An event that was sent before the rollback runs before it."""
    add(engine, "a")
    upgrade(engine, MAP)
    root = Eci(engine.host.root_eci())

    async def at_once() -> Any:
        sent = engine.host.run_event(root, "notes", "add", {"text": "b"})
        return await asyncio.gather(sent, engine.host.roll_back(NOTES, root, "restore"))

    _, told = engine.run(at_once())
    assert [one["new"] for one in document(told)["lost"]] == [{"n0": "a", "n1": "b"}]
    assert variables(engine) == {"list": ["a"]}


def test_variables_can_be_kept(engine: Engine) -> None:
    add(engine, "a")
    upgrade(engine, MAP)
    add(engine, "b")
    told = document(roll_back(engine, "keep"))
    assert (told["differences"], told["lost"]) == ([], [])
    assert variables(engine) == {"notes": {"n0": "a", "n1": "b"}}


def test_a_text_that_may_not_be_installed_is_not_gone_back_to(engine: Engine) -> None:
    """With the setting `ruleset_authors`, what nobody of them signed; what the pico has goes on."""
    upgrade(engine, LIST.replace('"1.0"', '"1.1"'))
    engine.settings = replace(engine.settings, ruleset_authors=DidKeys((DidKey(AUTHOR),)))
    engine.restart()
    refusal = roll_back(engine)
    assert isinstance(refusal, Refusal)
    assert refusal.kind == "denied"
    assert "is not signed" in refusal.reason
    told = document(engine.run(engine.host.stock.of_pico(engine.host.root_eci())))
    assert [one["version"] for one in told["rulesets"] if one["rid"] == NOTES] == ["1.1"]


def test_only_the_last_upgrade_is_to_be_decided_about(engine: Engine) -> None:
    """What one before it did to the variables is nothing that this rollback could undo."""
    add(engine, "a")
    upgrade(engine, MAP)
    upgrade(engine, MAP.replace('"2.0"', '"2.1"'))
    told = document(engine.run(engine.host.roll_back(NOTES, None, None)))
    assert [one["to"]["version"] for one in told["rolled_back"]] == ["2.0"]


def test_there_may_be_nothing_to_go_back_to(engine: Engine) -> None:
    refusal = roll_back(engine)
    assert isinstance(refusal, Refusal)
    assert "no other text" in refusal.reason


def test_all_picos_that_had_another_text_go_back(engine: Engine) -> None:
    """One that never had another is none of them; a repetition has nothing left to do."""
    child, late = engine.make_child("child"), engine.make_child("late")
    engine.install(LIST, eci=child)
    upgrade(engine, LIST.replace('"1.0"', '"1.1"'))
    engine.install(LIST.replace('"1.0"', '"1.1"'), eci=late)
    told = document(engine.run(engine.host.roll_back(NOTES, None, None)))
    assert [(one["from"]["version"], one["to"]["version"]) for one in told["rolled_back"]] == [
        ("1.1", "1.0")
    ] * 2
    assert told["failed"] == []
    assert isinstance(engine.run(engine.host.roll_back(NOTES, None, None)), Refusal)


def test_nobody_goes_back_before_all_is_decided(engine: Engine) -> None:
    """Those that had gone back would go back one text more when it is asked for again."""
    child = engine.make_child("child")
    engine.install(LIST.replace('"1.0"', '"0.9"'), eci=child)
    add(engine, "a")
    upgrade(engine, MAP)
    refusal = engine.run(engine.host.roll_back(NOTES, None, None))
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, len(refusal.extra["picos"])) == ("undecided", 1)
    assert "on 1 of 2 picos" in refusal.reason
    told = document(engine.run(engine.host.roll_back(NOTES, None, "restore")))
    assert (len(told["rolled_back"]), told["failed"]) == (2, [])
    assert variables(engine) == {"list": ["a"]}


def test_where_it_cannot_go_back_a_pico_is_named(engine: Engine) -> None:
    """The others do."""
    child = engine.make_child("child")
    engine.install(LIST, eci=child)
    upgrade(engine, LIST.replace('"1.0"', '"1.1"'))
    holder = engine.run(engine.host.histories.pico(child))
    assert isinstance(holder, Pico)
    engine.restart()
    engine.disk.snapshots[holder.id] = (engine.disk.snapshots[holder.id][0], b"scratched")
    told = document(engine.run(engine.host.roll_back(NOTES, None, None)))
    assert [one["pico"] for one in told["failed"]] == [holder.id]
    assert "damaged" in told["failed"][0]["reason"]
    assert len(told["rolled_back"]) == 1


def test_a_flush_can_be_rolled_back_too(engine: Engine) -> None:
    """The pico remembers by whatever way the text came."""
    add(engine, "a")
    engine.flush(MAP)
    assert variables(engine) == {"notes": {"n0": "a"}}
    document(roll_back(engine, "restore"))
    assert variables(engine) == {"list": ["a"]}
