"""What a ruleset learns and does through the built-in modules event, meta and ctx."""

from __future__ import annotations

import pytest

from engine.core import births
from engine.core.domains import BUILT_IN, MODULES
from engine.core.messages import CreatePico, DeletePico, SendEvent
from engine.core.model import ALLOW_ALL, Child, PolicyEntry
from engine.core.records import state_id
from engine.core.run import Run
from pico_lang.values import Value
from tests.engine.core.bench import Bench
from tests.engine.core.making import ROOT
from tests.engine.core.test_kernel_events import tell


def test_every_member_does_something() -> None:
    """What the checker lets through, the kernel can run."""
    declared = {(domain, name) for domain, members in MODULES.items() for name in members}
    assert declared == set(BUILT_IN.calls({}))


def ask_in_rule(expression: str) -> Value:
    """What an expression gives inside a rule of ruleset r, for the event d:t with n = 1."""
    bench = Bench(
        f"""
        ruleset r {{
          meta {{ name "The R" version "1.2.3" author "me" description "for tests" }}
          rule tell {{ select when d t send_directive("told", {{"value": {expression}}}) }}
        }}
        """
    )
    (directive,) = bench.done("d", "t", {"n": 1.0}).directives
    return directive["options"]["value"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("event:eci", ROOT),
        ("event:domain", "d"),
        ("event:name", "t"),
        ("event:attrs", {"n": 1.0}),
        ("event:eid", "event-2"),
        ("event:time", 1_700_000_000_000.0),
        ('event:attr("n")', 1.0),
        ('event:attr("none")', None),
        ("meta:eci", ROOT),
        ("meta:host", None),
        ("meta:inEvent", True),
        ("meta:inQuery", False),
        ("meta:picoId", ROOT),
        ("meta:rid", "r"),
        ("meta:ruleName", "tell"),
        ("meta:rid_url", "file:///r.krl"),
        ("meta:rulesetURI", "file:///r.krl"),
        ("meta:txnId", "event-2"),
        ("meta:rulesetConfig", {}),
        ("ctx:picoId", ROOT),
        ("ctx:rid", "r"),
        ("ctx:rid_url", "file:///r.krl"),
        ("ctx:rid_config", {}),
        ("ctx:rid_version", "1.2.3"),
        ("ctx:rid_name", "The R"),
        ("ctx:rid_description", "for tests"),
        ("ctx:rid_author", "me"),
        ("ctx:parent", None),
        ("ctx:children", []),
        ('ctx:channels.map(function(c) { c{"tags"} })', [["system", "self"]]),
        ('ctx:rulesets.map(function(r) { r{["meta", "krlMeta", "name"]} })', ["The R"]),
        ('ctx:rulesets[0]{["meta", "flushed"]}', "2023-11-14T22:13:20.000Z"),
        ("time:now()", "2023-11-14T22:13:20.000Z"),
        ("math:abs(-2)", 2.0),
        ("random:uuid().length()", 25.0),
        ('ctx:rulesets[0]{["meta", "compiler", "warnings"]}', []),
    ],
)
def test_a_rule_can_read_about_itself(expression: str, value: Value) -> None:
    """Each property, as a rule sees it."""
    assert ask_in_rule(expression) == value


def act(action: str) -> str:
    """A ruleset that does this on d:t and tells what came of it."""
    return tell(
        "r",
        f'select when d t {action} setting(x) fired {{ raise d event "u" attributes {{"x": x}} }}',
        'select when d u send_directive("told", event:attrs)',
    )


def result_of(bench: Bench) -> Value:
    (directive,) = bench.done("d", "t").directives
    return directive["options"]["x"]


def test_a_new_channel_has_cleaned_tags_and_its_policies() -> None:
    policy = '{"allow": [{"domain": "lamp", "name": "*"}], "deny": []}'
    bench = Bench(act(f'ctx:newChannel(["My Tag"], {policy})'))
    shown = result_of(bench)
    (channel,) = (one for one in bench.pico.channels.values() if one.family is None)
    assert shown == {
        "id": channel.eci,
        "tags": ["my-tag"],
        "eventPolicy": {"allow": [{"domain": "lamp", "name": "*"}], "deny": []},
        "queryPolicy": {"allow": [{"rid": "*", "name": "*"}], "deny": []},
        "familyChannelPicoID": None,
    }
    assert channel.query_policy == ALLOW_ALL


def test_a_channel_can_be_put_and_deleted() -> None:
    """Other tags and policies under the same id; then it is gone."""
    bench = Bench(
        tell(
            "r",
            'select when d make ctx:newChannel(["one"]) setting(c) fired { ent:c := c{"id"} }',
            'select when d put ctx:putChannel(ent:c, ["two"])',
            "select when d del ctx:delChannel(ent:c)",
        )
    )
    bench.done("d", "make")
    eci = bench.pico.entities["r"]["c"]  # type: ignore[index]
    assert bench.done("d", "put").pico.channels[eci].tags == ("two",)
    assert eci not in bench.done("d", "del").pico.channels
    assert bench.failed("d", "del").fault.code == "R607"


BORN_WITH = 'ctx:newPico([{"url": "file:///child.krl"}])'


@pytest.mark.parametrize(
    "more", ['ctx:newChannel(["b"])', 'ctx:upsertChannel(["b"])', "ctx:newPico()", BORN_WITH]
)
def test_a_pico_may_have_so_many_channels(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is a fault, whatever it is for; those that are there may be put."""
    bench = Bench(tell("r", 'select when d t ctx:upsertChannel(["a"])', f"select when d more {more}"))
    monkeypatch.setattr(births, "MOST_CHANNELS", len(bench.pico.channels) + 1)
    bench.done("d", "t")
    bench.done("d", "t")
    assert bench.failed("d", "more").fault.code == "R607"


def test_room_for_a_child_is_made_when_everything_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family may have thousands, and a turn that has to ask for rulesets runs twice."""
    bench = Bench(act(BORN_WITH))
    bench.publish(CHILD)
    made: list[births.Newborn] = []
    expect_child = births.expect_child

    def note(run: Run) -> births.Newborn:
        made.append(expect_child(run))
        return made[-1]

    monkeypatch.setattr(births, "expect_child", note)
    (effect,) = bench.done("d", "t").effects
    assert isinstance(effect, CreatePico)
    assert [child.pico for child in made] == [effect.pico.id]


def test_upserting_looks_for_the_same_set_of_tags() -> None:
    """The order of tags is of no account."""
    bench = Bench(
        tell(
            "r",
            'select when d t every { ctx:newChannel(["a", "b"]) ctx:upsertChannel(["b", "a"]) '
            'ctx:upsertChannel(["a"]) }',
        )
    )
    tags = [one.tags for one in bench.done("d", "t").pico.channels.values() if one.family is None]
    assert sorted(tags) == [("a",), ("b", "a")]


def test_family_channels_are_not_for_rules_to_change() -> None:
    bench = Bench(act("ctx:delChannel(meta:picoId)"))
    assert bench.failed("d", "t").fault.message == "Cannot delete family channels."
    bench = Bench(act('ctx:putChannel(meta:picoId, ["mine"])'))
    assert result_of(bench)["tags"] == ["system", "self"]


def test_a_channel_with_a_misspelt_policy_is_not_made() -> None:
    bench = Bench(act('ctx:newChannel(["a"], {"allow": []})'))
    assert bench.failed("d", "t").fault.code == "R601"


CHILD = tell("child", "select when d t fired { ent:x := 1 }")


def test_a_child_is_made_whole_in_its_parents_turn() -> None:
    """With its channels, its rulesets opened, and tied to its parent on both sides."""
    bench = Bench(act('ctx:newPico([{"url": "file:///child.krl", "config": {"a": 1}}])'))
    bench.publish(CHILD)
    to_child = result_of(bench)
    (created,) = (effect for effect in bench.outcomes[-1].effects if isinstance(effect, CreatePico))  # type: ignore[union-attr]
    child = created.pico
    assert bench.pico.children == (Child(to_child, child.id),)
    assert [(one.rid, one.config) for one in child.rulesets] == [("child", {"a": 1.0})]
    assert child.channels[to_child].tags == ("system", "child")
    assert child.channels[to_child].family == ROOT
    assert child.channels[child.id].family == child.id  # type: ignore[index]
    assert child.parent is not None
    assert bench.pico.channels[child.parent].tags == ("system", "parent")
    assert bench.pico.channels[child.parent].family == child.id
    assert (child.seq, bool(state_id(child))) == (0, True)


def test_a_child_may_be_born_with_channels() -> None:
    """Its parent learns what they are called, which nobody else could say yet."""
    only = '{"allow": [{"domain": "d", "name": "n"}], "deny": []}'
    bench = Bench(act(f'ctx:newPico(channels = [{{"tags": ["a", "B"], "eventPolicy": {only}}}])'))
    made = result_of(bench)
    (created,) = (effect for effect in bench.outcomes[-1].effects if isinstance(effect, CreatePico))  # type: ignore[union-attr]
    (shown,) = made["channels"]
    channel = created.pico.channels[shown["id"]]
    assert (channel.tags, channel.event_policy.allow) == (("a", "b"), (PolicyEntry("d", "n"),))
    assert bench.pico.children == (Child(made["eci"], created.pico.id),)
    assert shown["id"] not in bench.pico.channels


@pytest.mark.parametrize(
    ("channels", "code"),
    [
        ('"x"', "R601"),
        ('["x"]', "R601"),
        ("[{}]", "R601"),
        ('[{"tags": ["system"]}]', "R601"),
        ('0.range(100).map(function(n) { {"tags": ["a"]} })', "R607"),
    ],
)
def test_channels_of_a_child_are_read_strictly(channels: str, code: str) -> None:
    failed = Bench(act(f"ctx:newPico(channels = {channels})")).failed("d", "t")
    assert (failed.fault.code, failed.pico.children) == (code, ())


def test_a_child_whose_ruleset_fails_is_not_born() -> None:
    """Its parent's turn fails as a whole."""
    bench = Bench(act('ctx:newPico([{"url": "file:///child.krl"}])'))
    bench.publish('ruleset child { global { x = "a" - 1 } }')
    failed = bench.failed("d", "t")
    assert (failed.fault.code, failed.pico.children) == ("R601", ())


@pytest.mark.parametrize(
    "rulesets", ['"x"', '["file:///child.krl"]', '[{"url": 1}]', '[{"url": "u", "config": 1}]']
)
def test_wishes_for_a_child_are_read_strictly(rulesets: str) -> None:
    assert Bench(act(f"ctx:newPico({rulesets})")).failed("d", "t").fault.code == "R601"


def test_a_deleted_child_leaves_no_tie_behind() -> None:
    """Child, channel and the pico itself go with the commit."""
    bench = Bench(
        tell(
            "r",
            "select when d make ctx:newPico() setting(c) fired { ent:c := c }",
            "select when d del ctx:delPico(ent:c)",
        )
    )
    (created,) = bench.done("d", "make").effects
    assert isinstance(created, CreatePico)
    done = bench.done("d", "del")
    assert done.effects == (DeletePico(created.pico.id),)
    assert done.pico.children == ()
    assert [channel.tags for channel in done.pico.channels.values()] == [("system", "self")]
    assert bench.failed("d", "del").fault.code == "R607"


@pytest.mark.parametrize(
    "action",
    [
        'ctx:event("channel", "a", "b", {"n": 1})',
        'event:send({"eci": "channel", "domain": "a", "name": "b", "attrs": {"n": 1}})',
        'event:send({"eci": "channel", "domain": "a", "type": "b", "attrs": {"n": 1}})',
        'event:send({"sub": {"Tx": "channel"}, "domain": "a", "name": "b", "attrs": {"n": 1}})',
    ],
)
def test_an_event_for_another_pico_is_an_effect(action: str) -> None:
    """It is sent after the commit; the rule gets its id."""
    bench = Bench(act(action))
    bench.outside = lambda question: {}
    eid = result_of(bench)
    assert bench.outcomes[-1].effects == (SendEvent("channel", "a", "b", {"n": 1.0}, eid),)  # type: ignore[union-attr,arg-type]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ('ctx:event(null, "a", "b")', "R606"),
        ('ctx:event("c", "", "b")', "R606"),
        ('ctx:event("c", "a", "b", 5)', "R606"),
        ('ctx:event("c", "a", "b", {}, "elsewhere")', "R601"),
        ('event:send("c")', "R601"),
        ('event:send({"eci": 5, "domain": "a", "name": "b"})', "R606"),
        ('event:send({"eci": "c", "domain": "a"})', "R606"),
        ('event:send({"sub": {"Tx": "c", "Tx_host": 5}, "domain": "a", "name": "b"})', "R601"),
    ],
)
def test_an_event_that_cannot_be_sent_is_a_fault(action: str, code: str) -> None:
    assert Bench(act(action)).failed("d", "t").fault.code == code
