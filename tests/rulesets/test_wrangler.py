"""io.picolabs.wrangler: what it answers, what it does, and what it raises."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.messages import Fault, Refusal
from engine.ports import WebRequest, WebResponse
from engine.runtime.genesis import BORN_WITH, ROOT_EQUIPMENT
from engine.runtime.replies import EventReply, QueryReply
from tests.compatibility.engine import Engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shop import start
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.web import SITE, FakeWeb

RID = "io.picolabs.wrangler"
EVERYTHING = {
    "eventPolicy": {"allow": [{"domain": "*", "name": "*"}], "deny": []},
    "queryPolicy": {"allow": [{"rid": "*", "name": "*"}], "deny": []},
}

RAISED = [
    "ruleset_installed",
    "ruleset_uninstalled",
    "rulesets_flushed",
    "channel_created",
    "channel_deleted",
    "new_child_created",
    "child_deleted",
    "pico_initialized",
]
"""Everything that Wrangler tells the other rulesets of its pico."""

WITNESS = """
ruleset witness {
  meta { use module io.picolabs.wrangler alias wrangler shares seen, times, friends }
  global {
    seen = function(name) { ent:seen{name} }
    times = function(name) { ent:times{name}.defaultsTo(0) }
    friends = function() { wrangler:children() }
  }
  rule see {
    select when system online or EVENTS
    always {
      ent:seen{event:name} := event:attrs
      ent:times{event:name} := times(event:name) + 1
    }
  }
  rule make { select when witness make
    wrangler:createChannel("One, two") setting(channel)
    always { ent:made := channel{"id"} raise witness event "made" attributes channel } }
  rule made { select when witness made  send_directive("made", event:attrs) }
  rule drop { select when witness drop  wrangler:deleteChannel(ent:made) }
  rule mine { select when witness mine
    ctx:newPico([{ "url": "library:io.picolabs.wrangler" }]) }
}
""".replace("EVENTS", " or ".join(f"wrangler {name}" for name in RAISED))


MAKER = """
ruleset maker {
  rule make { select when maker make
    every {
      ctx:newPico([{ "url": "library:io.picolabs.wrangler" }, { "url": event:attrs{"url"} }]) setting(eci)
      event:send({ "eci": eci, "domain": "wrangler", "type": "pico_created",
                   "attrs": { "name": "kid", "eci": eci } })
    } }
}
"""


@pytest.fixture
def watched(engine: Engine) -> Engine:
    engine.install(WITNESS)
    return engine


def ask(engine: Engine, function: str, eci: str | None = None, /, **args: Any) -> Any:
    return engine.query(f"{RID}/{function}", eci, **args)


def tell(engine: Engine, event: str, at: str | None = None, /, **attrs: Any) -> None:
    """Send an event of Wrangler's that has to succeed, and let it have its consequences."""
    reply = engine.reply(f"wrangler:{event}", attrs, at)
    assert isinstance(reply, EventReply), reply
    engine.settle()


def seen(engine: Engine, name: str) -> Any:
    """The attributes of the last such event."""
    return engine.query("witness/seen", name=name)


def children(engine: Engine) -> list[Any]:
    found: list[Any] = ask(engine, "children")
    return found


# --- itself ----------------------------------------------------------------------------------------


def test_the_root_knows_itself(engine: Engine) -> None:
    """It has no parent; its own channel carries its id."""
    root = engine.host.tree().id
    assert ask(engine, "myself") == {"name": "Pico", "id": root, "eci": root}
    assert (ask(engine, "id"), ask(engine, "name"), ask(engine, "parent_eci")) == (root, "Pico", None)


def test_a_child_knows_itself(engine: Engine) -> None:
    """Its `eci` is what its parent calls it by, its `parent_eci` what it calls its parent by."""
    kid = engine.make_child("kid")
    [known] = children(engine)
    myself = ask(engine, "myself", kid)
    assert myself == {"name": "kid", "id": engine.host.tree().children[0].id, "eci": known["eci"]}
    assert ask(engine, "parent_eci", kid) == known["parent_eci"]
    [to_kid] = [one for one in ask(engine, "channels") if one["id"] == known["parent_eci"]]
    assert to_kid["familyChannelPicoID"] == myself["id"]


# --- rulesets --------------------------------------------------------------------------------------


def test_rulesets_come_and_go(watched: Engine) -> None:
    """What was asked for is told again, with what came of it."""
    url = watched.publish('ruleset lamp { meta { name "Lamp" } }')
    tell(watched, "install_ruleset_request", url=url, config={"volt": 12}, note="n")
    assert seen(watched, "ruleset_installed") == {
        "url": url,
        "config": {"volt": 12},
        "note": "n",
        "rids": ["lamp"],
    }
    assert ask(watched, "installedRIDs") == [*BORN_WITH, "witness", "lamp"]
    assert ask(watched, "rulesetConfig", rid="lamp") == {"volt": 12}
    assert ask(watched, "rulesetMeta", rid="lamp") == {"name": "Lamp"}
    tell(watched, "uninstall_ruleset_request", rid="lamp")
    assert seen(watched, "ruleset_uninstalled") == {"rid": "lamp"}
    assert ask(watched, "installedRIDs") == [*BORN_WITH, "witness"]


def test_a_sibling_is_installed_by_its_name(watched: Engine) -> None:
    """Beside a ruleset whose URL is known."""
    url = watched.publish("ruleset lamp {}")
    tell(watched, "install_ruleset_request", absoluteURL=url.replace("lamp", "desk"), rid="lamp")
    assert seen(watched, "ruleset_installed")["rids"] == ["lamp"]


def test_installing_reads_the_text_anew(watched: Engine) -> None:
    url = watched.publish("ruleset lamp { meta { shares v } global { v = 1 } }")
    tell(watched, "install_ruleset_request", url=url)
    watched.publish("ruleset lamp { meta { shares v } global { v = 2 } }")
    tell(watched, "install_ruleset_request", url=url)
    assert watched.query("lamp/v") == 2


def test_all_rulesets_of_a_pico_are_flushed(watched: Engine) -> None:
    """In one event; what came of it is raised once."""
    for rid in ("lamp", "desk"):
        watched.install(f"ruleset {rid} {{ meta {{ shares v }} global {{ v = 1 }} }}")
        watched.publish(f"ruleset {rid} {{ meta {{ shares v }} global {{ v = 2 }} }}")
    tell(watched, "rulesets_need_flushing")
    assert [watched.query(f"{rid}/v") for rid in ("lamp", "desk")] == [2, 2]
    assert seen(watched, "rulesets_flushed") == {"rids": [*BORN_WITH, "witness", "lamp", "desk"]}
    assert watched.query("witness/times", name="rulesets_flushed") == 1


# --- channels --------------------------------------------------------------------------------------


def test_channels_come_and_go(watched: Engine) -> None:
    tell(watched, "new_channel_request", tags=["Front", "door"], **EVERYTHING)
    channel = seen(watched, "channel_created")["channel"]
    assert channel["tags"] == ["front", "door"]
    for wanted in ("door,front", ["Door", "front"]):
        assert ask(watched, "channels", tags=wanted) == [channel]
    assert ask(watched, "channels", tags="door") == []
    assert channel in ask(watched, "channels")
    tell(watched, "channel_deletion_request", eci=channel["id"])
    assert seen(watched, "channel_deleted") == {"eci": channel["id"]}
    assert ask(watched, "channels", tags="front,door") == []


@pytest.mark.parametrize("missing", ["tags", "eventPolicy", "queryPolicy"])
def test_a_channel_needs_all_three(watched: Engine, missing: str) -> None:
    """Nothing is made without them, because a missing policy would allow everything."""
    attrs = {"tags": ["x"], **EVERYTHING}
    before = ask(watched, "channels")
    tell(watched, "new_channel_request", **{name: attrs[name] for name in attrs if name != missing})
    assert ask(watched, "channels") == before
    assert seen(watched, "channel_created") is None


def test_other_rulesets_make_channels_with_its_actions(watched: Engine) -> None:
    [(_, channel)] = watched.send("witness:make")
    assert ask(watched, "channels", tags=["two", "one"]) == [channel]
    watched.send("witness:drop")
    assert ask(watched, "channels", tags=["two", "one"]) == []


# --- children --------------------------------------------------------------------------------------


def test_a_child_is_born_and_introduces_itself(watched: Engine) -> None:
    """Its channel for people is in what its parent raises when it can be talked to."""
    tell(watched, "new_child_request", name="kid", backgroundColor="#fff", note="n")
    [known] = children(watched)
    created = seen(watched, "new_child_created")
    assert created == {
        "name": "kid",
        "backgroundColor": "#fff",
        "note": "n",
        "eci": known["eci"],
        "uiEci": watched.host.tree().children[0].eci,
        "parentUiEci": watched.host.ui_eci(),
    }
    assert ask(watched, "name", created["uiEci"]) == "kid"
    assert watched.query("witness/friends") == [known]
    assert watched.query("witness/times", name="new_child_created") == 1


def test_a_child_needs_a_name(watched: Engine) -> None:
    tell(watched, "new_child_request")
    assert children(watched) == []


def test_a_life_begins_once(watched: Engine) -> None:
    """A pico that has a name is not given another by the event that its parent began with, nor is the
    root, which has no parent."""
    kid = watched.make_child("kid")
    tell(watched, "pico_created", kid, name="other", eci="x")
    tell(watched, "pico_created", name="other", eci="x")
    assert (ask(watched, "name", kid), ask(watched, "name")) == ("kid", "Pico")
    assert seen(watched, "pico_initialized") is None


def test_a_child_tells_its_rulesets_that_it_begins(engine: Engine) -> None:
    """A ruleset that comes with it sees `pico_initialized`, before its parent hears of it."""
    url = engine.publish(WITNESS)
    engine.install(WITNESS, MAKER)
    engine.reply("maker:make", {"url": url})
    engine.settle()
    [known] = children(engine)
    kid = engine.host.tree().children[0].eci
    told = {"name": "kid", "eci": known["eci"], "uiEci": kid}
    assert engine.query("witness/seen", kid, name="pico_initialized") == told


def test_a_child_has_what_picos_are_born_with(watched: Engine) -> None:
    """It works from the beginning: the pico can be shown, keeps data and can be asked for a relationship."""
    kid = watched.make_child("kid")
    assert watched.host.tree().children[0].rulesets == [*BORN_WITH]
    assert watched.query("io.picolabs.pico-engine-ui/box", kid)["parent"] == watched.host.ui_eci()
    assert watched.query("io.picolabs.pico-engine-ui/box")["children"] == [kid]
    assert watched.query("io.picolabs.pds/profile", kid, key="name")["profile"] == "kid"
    assert watched.query("io.picolabs.pds/getChannelEci", kid) is not None
    assert watched.query("io.picolabs.subscription/wellKnown_Rx", kid) is not None


def test_a_birth_is_three_turns(watched: Engine) -> None:
    """The wish, the child's first event, and its news; there may be thousands of births."""
    turns = sum(len(records) for records in watched.disk.records.values())
    watched.make_child("kid")
    assert sum(len(records) for records in watched.disk.records.values()) == turns + 3


def test_a_child_of_a_child_has_it_too(watched: Engine) -> None:
    kid = watched.make_child("kid")
    tell(watched, "new_child_request", kid, name="grandchild")
    assert watched.host.tree().children[0].children[0].rulesets == [*BORN_WITH]


def test_the_root_has_what_its_children_have(watched: Engine) -> None:
    """From the first start on; what its owner takes away stays away."""
    assert watched.host.tree().rulesets == [*BORN_WITH, "witness"]
    assert watched.query("io.picolabs.subscription/wellKnown_Rx") is not None
    watched.uninstall("io.picolabs.subscription")
    watched.restart()
    assert "io.picolabs.subscription" not in watched.host.tree().rulesets


def test_the_root_of_an_older_home_gets_what_it_lacks(watched: Engine) -> None:
    """When an engine starts there that gives it. So does one that was stopped before it had given all."""
    watched.uninstall("io.picolabs.subscription")
    del watched.disk.facts[ROOT_EQUIPMENT]
    watched.restart()
    assert "io.picolabs.subscription" in watched.host.tree().rulesets
    assert watched.query("io.picolabs.subscription/wellKnown_Rx") is not None


def test_a_name_changes_here_and_with_the_parent(engine: Engine) -> None:
    kid = engine.make_child("kid")
    tell(engine, "name_changed", kid, name="grown up")
    assert ask(engine, "name", kid) == "grown up"
    assert [one["name"] for one in children(engine)] == ["grown up"]
    assert engine.host.tree().children[0].name == "grown up"
    tell(engine, "name_changed", name="Top")
    assert ask(engine, "name") == "Top"


def test_nobody_else_speaks_for_a_child(engine: Engine) -> None:
    """Its parent goes by the channel that only the child can use."""
    engine.make_child("kid")
    [known] = children(engine)
    tell(engine, "child_name_changed", eci=known["eci"], name="mocked")
    tell(engine, "child_initialized", eci=known["eci"], name="mocked")
    assert children(engine) == [known]


def test_a_child_is_deleted_with_all_below_it(watched: Engine) -> None:
    """Whoever writes to one of them is told that there is no such channel."""
    kid = watched.make_child("kid")
    tell(watched, "new_child_request", kid, name="grandchild")
    grandchild = watched.host.tree().children[0].children[0].eci
    [known] = children(watched)
    tell(watched, "child_deletion_request", eci=known["eci"])
    assert seen(watched, "child_deleted") == {"eci": known["eci"]}
    assert (children(watched), watched.host.tree().children) == ([], [])
    for gone in (kid, grandchild):
        reply = watched.reply("wrangler:name_changed", {"name": "ghost"}, gone)
        assert isinstance(reply, Refusal)
        assert (reply.kind, reply.reason) == ("unknown", f"there is no channel {gone} here")
    assert len(watched.disk.snapshots) == 1


def test_a_child_can_ask_for_its_end(watched: Engine) -> None:
    kid = watched.make_child("kid")
    tell(watched, "ready_for_deletion", kid, reason="done")
    assert seen(watched, "child_deleted")["reason"] == "done"
    assert watched.host.tree().children == []


def test_the_root_stays(watched: Engine) -> None:
    """It has no parent who could delete it."""
    tell(watched, "ready_for_deletion")
    assert ask(watched, "name") == "Pico"


def test_only_children_are_deleted(watched: Engine) -> None:
    reply = watched.reply("wrangler:child_deletion_request", {"eci": watched.host.root_eci()})
    assert isinstance(reply, Fault)
    assert "is not the channel of a child" in reply.message


def test_children_made_by_other_rulesets_are_children_too(watched: Engine) -> None:
    """Without a name, as nobody gave them one."""
    watched.send("witness:mine")
    [known] = children(watched)
    assert (known["name"], known["parent_eci"]) == (None, None)


def test_coming_online_is_passed_on(engine: Engine) -> None:
    """To the children and theirs, once each."""
    kid = engine.make_child("kid")
    tell(engine, "new_child_request", kid, name="grandchild")
    grandchild = engine.host.tree().children[0].children[0].eci
    for eci in (kid, grandchild):
        engine.install(WITNESS, eci=eci)
    engine.send("system:online", version="1")
    engine.settle()
    for eci in (kid, grandchild):
        assert engine.query("witness/seen", eci, name="online") == {"version": "1"}
        assert engine.query("witness/times", eci, name="online") == 1


# --- other picos -----------------------------------------------------------------------------------


def query_of(eci: str, **rest: Any) -> dict[str, Any]:
    return {"eci": eci, "mod": RID, "func": "name", "params": {}, **rest}


@pytest.mark.parametrize("function", ["skyQuery", "picoQuery"])
def test_a_query_reaches_a_pico_of_this_engine(engine: Engine, function: str) -> None:
    """Without a host it is meant, by the old name too."""
    kid = engine.make_child("kid")
    assert ask_by_args(engine, function, query_of(kid)) == "kid"


def ask_by_args(engine: Engine, function: str, args: dict[str, Any]) -> Any:
    """The arguments may have the name `eci`."""
    reply = engine.ask(f"{RID}/{function}", args)
    return getattr(reply, "value", reply)


def test_a_query_of_oneself_is_answered_with_an_error(engine: Engine) -> None:
    """A map, as for any other failure over HTTP."""
    found = ask_by_args(engine, "picoQuery", query_of(engine.host.root_eci()))
    assert found["status_code"] == 400


def answer_elsewhere(request: WebRequest) -> WebResponse:
    """Another engine, where only the pico `kid` is."""
    if request.url == f"/sky/cloud/kid/{RID}/name?a=1":
        return WebResponse(200, "OK", {}, '{"its": "name"}')
    return WebResponse(404, "Not Found", {}, '"nobody here"')


@pytest.mark.parametrize("function", ["skyQuery", "picoQuery"])
@in_loop
async def test_a_query_with_a_host_goes_by_http(function: str) -> None:
    """The content is the value; anything but 200 is a map with the status and what was said."""
    host = await start(MemoryJournal(), FakeWeb(answer_elsewhere))
    for eci, value in (("kid", {"its": "name"}), ("ghost", {"status_code": 404.0, "error": "nobody here"})):
        args = query_of(eci, _host=f"http://{SITE}", params={"a": 1.0})
        assert await host.run_query(host.root_eci(), RID, function, args) == QueryReply(value)
    args = query_of("kid", _root_url=f"http://{SITE}/sky/cloud/", params={"a": 1.0})
    assert await host.run_query(host.root_eci(), RID, function, args) == QueryReply({"its": "name"})
