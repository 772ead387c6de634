"""io.picolabs.pico-engine-ui: what programs that show picos to people ask of them, and do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ruleset_library
from engine.core.messages import Fault
from engine.core.model import Eci
from engine.runtime.genesis import BORN_WITH
from engine.runtime.replies import EventReply, QueryReply
from tests.compatibility.engine import Engine

RID = "io.picolabs.pico-engine-ui"
WRANGLER = "io.picolabs.wrangler"
EVERYTHING = {
    "eventPolicy": {"allow": [{"domain": "*", "name": "*"}], "deny": []},
    "queryPolicy": {"allow": [{"rid": "*", "name": "*"}], "deny": []},
}


@pytest.fixture
def shown(engine: Engine) -> Engine:
    """An engine whose root pico can be shown."""
    install(engine)
    return engine


def install(engine: Engine) -> None:
    """From a text in memory: children read it too, and no test waits for a disk."""
    engine.install((Path(ruleset_library.__file__).parent / f"{RID}.krl").read_text("utf-8"))
    settle(engine)


def settle(engine: Engine) -> None:
    """From parent to child to grandchild, and back."""
    for _ in range(6):
        engine.settle()


def tell(engine: Engine, event: str, at: str | None = None, /, **attrs: Any) -> None:
    reply = engine.reply(event, attrs, at)
    assert isinstance(reply, EventReply), reply
    settle(engine)


def ask(engine: Engine, function: str, at: str | None = None, /) -> Any:
    return engine.query(f"{RID}/{function}", at)


def test_a_pico_can_be_shown(shown: Engine) -> None:
    """Its channel for people is the one that it had."""
    assert ask(shown, "uiECI") == shown.host.ui_eci()
    assert ask(shown, "box") == {
        "eci": shown.host.ui_eci(),
        "parent": None,
        "children": [],
        "name": "Pico",
        "backgroundColor": "#87cefa",
        **dict.fromkeys(("x", "y", "width", "height"), 100),
    }
    assert ask(shown, "name") == "Pico"


def test_a_box_is_moved_and_painted(shown: Engine) -> None:
    """Numbers from a form are text; what is no number, and what is not mentioned, stays."""
    tell(shown, "engine_ui:box", x="7.5", width=0, height="wide", backgroundColor="#fff")
    tell(shown, "engine_ui:box", y=8, name="Top")
    box = ask(shown, "box")
    assert [box[part] for part in ("x", "y", "width", "height")] == [7.5, 8, 0, 100]
    assert (box["name"], box["backgroundColor"]) == ("Top", "#fff")
    assert shown.query(f"{WRANGLER}/name") == "Top"


def test_all_that_a_pico_has_is_shown(shown: Engine) -> None:
    pico = ask(shown, "pico")
    assert (pico["eci"], pico["parent"], pico["children"]) == (shown.host.ui_eci(), None, [])
    assert [one["rid"] for one in pico["rulesets"]] == [*BORN_WITH]
    assert pico["channels"] == shown.query(f"{WRANGLER}/channels")


WRITER = """ruleset writer {
  rule write { select when go write fired { log info {"n": 1} error warn "beware" } }
  rule fail { select when go fail pre { x = "a" - 1 } }
}"""


def test_its_log_is_shown(shown: Engine) -> None:
    """The newest event first, each with a header and its lines, as programs that show them expect."""
    tell(shown, "engine_ui:box", x=1)
    shown.install(WRITER)
    tell(shown, "go:write")
    shown.reply("go:fail")
    settle(shown)
    _told, failed, wrote, _installed, box, *_ = ask(shown, "logs")
    root = shown.host.root_eci()
    assert set(box) == {"txnId", "time", "header", "entries"}
    assert (box["header"], box["entries"]) == (f"EVENT {root} engine_ui:box", [])
    assert wrote["entries"] == ['[INFO] writer/write {"n":1}', "[WARN] writer/write beware"]
    [line] = failed["entries"]
    assert line.startswith("[ERROR] writer/fail ")


def test_a_child_can_be_shown_and_knows_its_parent(shown: Engine) -> None:
    """Each knows the other by the channel that people use; a name and a colour that are not given are
    those of the parent."""
    tell(shown, "engine_ui:box", backgroundColor="#fff")
    tell(shown, "engine_ui:new")
    [child] = ask(shown, "box")["children"]
    box = ask(shown, "box", child)
    assert (box["eci"], box["parent"]) == (child, shown.host.ui_eci())
    assert (box["name"], box["backgroundColor"]) == ("Pico", "#fff")
    tell(shown, "engine_ui:new", child, name="grandchild", backgroundColor="#000")
    [grandchild] = ask(shown, "pico", child)["children"]
    assert ask(shown, "box", grandchild)["parent"] == child
    assert ask(shown, "box", grandchild)["backgroundColor"] == "#000"


def test_a_child_is_shown_to_whoever_looks_at_once(shown: Engine) -> None:
    """In the state that the event left behind, before the child has handled anything."""
    root, name = Eci(shown.host.root_eci()), {"name": "kid"}
    asked = shown.host.run_event_query(root, "engine_ui", "new", name, RID, "box", {})
    reply = shown.run(asked)
    assert isinstance(reply, QueryReply)
    settle(shown)
    [child] = ask(shown, "box")["children"]
    assert reply.value["children"] == [child]
    assert (ask(shown, "uiECI", child), ask(shown, "name", child)) == (child, "kid")


def test_children_that_were_there_before_can_be_shown_too(engine: Engine) -> None:
    """And theirs."""
    kid = engine.make_child("kid")
    tell(engine, "wrangler:new_child_request", kid, name="grandchild")
    [born] = ask(engine, "box", kid)["children"]
    for eci in (None, kid, born):
        tell(engine, "wrangler:uninstall_ruleset_request", eci, rid=RID)
    install(engine)
    assert ask(engine, "box")["children"] == [kid]
    assert ask(engine, "box", kid)["parent"] == engine.host.ui_eci()
    [grandchild] = ask(engine, "box", kid)["children"]
    assert (grandchild, ask(engine, "name", grandchild)) == (born, "grandchild")


def test_nobody_else_introduces_a_child(shown: Engine) -> None:
    tell(shown, "engine_ui:new", name="kid")
    [child] = ask(shown, "box")["children"]
    [known] = shown.query(f"{WRANGLER}/children")
    tell(shown, "engine_ui:child_introduced", eci=known["eci"], uiEci="mocked")
    assert ask(shown, "box")["children"] == [child]


def test_a_child_is_deleted_by_the_channel_that_people_know(shown: Engine) -> None:
    for name in ("ann", "bob"):
        tell(shown, "engine_ui:new", name=name)
    ann, bob = ask(shown, "box")["children"]
    tell(shown, "engine_ui:del", eci=ann)
    assert ask(shown, "box")["children"] == [bob]
    assert [child.name for child in shown.host.tree().children] == ["bob"]


@pytest.mark.parametrize("attrs", [{}, {"eci": "nobody's"}])
def test_nobody_is_deleted_by_mistake(shown: Engine, attrs: dict[str, Any]) -> None:
    """Not even a child that has not introduced itself."""
    tell(shown, "engine_ui:new", name="kid")
    tell(shown, "engine_ui:del", **attrs)
    assert len(shown.host.tree().children) == 1


def test_rulesets_come_and_go(shown: Engine) -> None:
    url = shown.publish("ruleset lamp { meta { shares v } global { v = 1 } }")
    tell(shown, "engine_ui:install", url=url)
    shown.publish("ruleset lamp { meta { shares v } global { v = 2 } }")
    assert shown.query("lamp/v") == 1
    tell(shown, "engine_ui:flush", url=url)
    assert shown.query("lamp/v") == 2
    tell(shown, "engine_ui:uninstall", rid="lamp")
    assert shown.host.tree().rulesets == [*BORN_WITH]


def test_whoever_installs_nothing_is_told(shown: Engine) -> None:
    reply = shown.reply("engine_ui:install")
    assert isinstance(reply, Fault)
    assert "the url of a ruleset is a string, not null" in reply.message
    reply = shown.reply("engine_ui:install", {"url": " "})
    assert isinstance(reply, Fault)
    assert "the url of a ruleset is a string, not an empty one" in reply.message


def test_channels_come_and_go(shown: Engine) -> None:
    tell(shown, "engine_ui:new_channel", tags="front,door", **EVERYTHING)
    [channel] = shown.query(f"{WRANGLER}/channels", tags="front,door")
    assert channel["eventPolicy"] == EVERYTHING["eventPolicy"]
    tell(shown, "engine_ui:del_channel", eci=channel["id"])
    assert shown.query(f"{WRANGLER}/channels", tags="front,door") == []


def test_there_is_one_channel_for_testing(shown: Engine) -> None:
    """However often it is wished for."""
    assert ask(shown, "testingECI") is None
    tell(shown, "engine_ui:testing_eci")
    eci = ask(shown, "testingECI")
    tell(shown, "engine_ui:testing_eci", eci)
    assert ask(shown, "testingECI") == eci
    assert len(shown.query(f"{WRANGLER}/channels", tags="engine,ui,testing")) == 1


def test_people_choose_the_channel_that_they_test_by(shown: Engine) -> None:
    """One of the pico's own; when it is gone, so is the choice."""
    tell(shown, "engine_ui:new_channel", tags=["mine"], **EVERYTHING)
    [mine] = shown.query(f"{WRANGLER}/channels", tags="mine")
    tell(shown, "engine_ui:testing_eci", eci=mine["id"])
    assert ask(shown, "testingECI") == mine["id"]
    tell(shown, "engine_ui:testing_eci", eci="nobody's")
    assert ask(shown, "testingECI") == mine["id"]
    tell(shown, "engine_ui:del_channel", eci=mine["id"])
    assert ask(shown, "testingECI") is None


def test_wrangler_stays(shown: Engine) -> None:
    """Without it nothing could be installed any more, so it does not go by mistake."""
    for event in ("engine_ui:uninstall", "wrangler:uninstall_ruleset_request"):
        tell(shown, event, rid=WRANGLER)
    assert WRANGLER in shown.host.tree().rulesets


def test_a_lost_channel_for_people_is_made_again(shown: Engine) -> None:
    """And one that is there stays, with what it allows."""
    tell(shown, "engine_ui:setup")
    assert ask(shown, "uiECI") == shown.host.ui_eci()
    tell(shown, "engine_ui:testing_eci")
    testing = ask(shown, "testingECI")
    tell(shown, "engine_ui:del_channel", eci=shown.host.ui_eci())
    assert ask(shown, "uiECI", testing) is None
    tell(shown, "engine_ui:setup", testing)
    again = ask(shown, "uiECI", testing)
    assert ask(shown, "name", again) == "Pico"
