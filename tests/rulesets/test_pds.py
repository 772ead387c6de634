"""io.picolabs.pds: what it keeps for the other rulesets of a pico."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.messages import Refusal
from engine.runtime.replies import EventReply
from tests.compatibility.engine import Engine

RID = "io.picolabs.pds"

RAISED = [
    "data_added",
    "data_updated",
    "data_deleted",
    "namespace_deleted",
    "new_map_added",
    "profile_updated",
    "settings_added",
]
"""Everything that it tells the other rulesets of its pico."""

WITNESS = """
ruleset witness {
  meta { use module io.picolabs.pds alias pds shares seen, volt }
  global {
    seen = function(name) { ent:seen{name} }
    volt = function() { pds:get_config_value("volt", ctx:rid) }
  }
  rule see {
    select when EVENTS
    always { ent:seen{event:name} := event:attrs }
  }
}
""".replace("EVENTS", " or ".join(f"pds {name}" for name in RAISED))


@pytest.fixture
def store(engine: Engine) -> Engine:
    """An engine whose root pico keeps data, and has a ruleset that sees what is raised."""
    tell(engine, "wrangler:install_ruleset_request", url=f"library:{RID}")
    engine.install(WITNESS)
    return engine


def tell(engine: Engine, event: str, at: str | None = None, /, **attrs: Any) -> None:
    reply = engine.reply(event, attrs, at)
    assert isinstance(reply, EventReply), reply
    engine.settle()


def ask(engine: Engine, function: str, /, **args: Any) -> Any:
    return engine.query(f"{RID}/{function}", **args)


def seen(engine: Engine, name: str) -> Any:
    """The attributes of the last such event."""
    return engine.query("witness/seen", name=name)


def general(found: Any) -> dict[str, Any]:
    return {"status": "success", "general": found}


def test_items_are_kept_by_namespace_and_key(store: Engine) -> None:
    tell(store, "pds:new_data_available", namespace="home", key="lamp", value={"on": True})
    assert seen(store, "data_added") == {"namespace": "home", "keyvalue": "lamp"}
    assert ask(store, "items", namespace="home", key="lamp") == general({"on": True})
    assert ask(store, "items", namespace="home") == general({"lamp": {"on": True}})
    assert ask(store, "items") == {"status": "failed", "general": {"home": {"lamp": {"on": True}}}}
    assert ask(store, "get_keys", namespace="home") == ["lamp"]
    assert ask(store, "get_keys", namespace="elsewhere") == []


def test_an_update_leaves_what_it_does_not_mention(store: Engine) -> None:
    """And makes the item when there is none."""
    for value in ({"on": True, "volt": 12}, {"on": False}):
        tell(store, "pds:updated_data_available", namespace="home", key="lamp", value=value)
    assert seen(store, "data_updated") == {"namespace": "home", "keyvalue": "lamp"}
    assert ask(store, "items", namespace="home", key="lamp") == general({"on": False, "volt": 12})


def test_a_map_takes_the_place_of_what_was_no_map(store: Engine) -> None:
    tell(store, "pds:new_data_available", namespace="home", key="lamp", value="off")
    tell(store, "pds:updated_data_available", namespace="home", key="lamp", value={"on": True})
    assert ask(store, "items", namespace="home", key="lamp") == general({"on": True})


def test_items_and_namespaces_are_removed(store: Engine) -> None:
    for key in ("lamp", "desk"):
        tell(store, "pds:new_data_available", namespace="home", key=key, value=1)
    tell(store, "pds:remove_old_data", namespace="home", key="lamp")
    assert seen(store, "data_deleted") == {"namespace": "home", "keyvalue": "lamp"}
    assert ask(store, "get_keys", namespace="home") == ["desk"]
    tell(store, "pds:remove_namespace", namespace="home")
    assert seen(store, "namespace_deleted") == {"namespace": "home"}
    assert ask(store, "items", namespace="home") == general(None)


@pytest.mark.parametrize("values", [{"b": 2}, '{"b": 2}'], ids=["map", "text"])
def test_a_whole_namespace_is_replaced(store: Engine, values: object) -> None:
    """The map may come as text, as it does from a form."""
    tell(store, "pds:new_data_available", namespace="home", key="a", value=1)
    tell(store, "pds:map_item", namespace="home", mapvalues=values)
    assert seen(store, "new_map_added") == {"namespace": "home", "mapvalues": {"b": 2}}
    assert ask(store, "items", namespace="home") == general({"b": 2})


@pytest.mark.parametrize(
    ("event", "attrs"),
    [
        ("new_data_available", {"key": "lamp", "value": 1}),
        ("new_data_available", {"namespace": "home", "value": 1}),
        ("updated_data_available", {"namespace": "home", "key": "lamp", "value": "no map"}),
        ("remove_old_data", {"namespace": "home"}),
        ("remove_namespace", {}),
        ("map_item", {"namespace": "home", "mapvalues": "no map"}),
        ("add_settings", {"name": "Nobody's"}),
    ],
)
def test_what_is_incomplete_changes_nothing(store: Engine, event: str, attrs: dict[str, Any]) -> None:
    """And nothing is raised, as if it had happened."""
    tell(store, "pds:new_data_available", namespace="home", key="desk", value=1)
    told = [seen(store, name) for name in RAISED]
    tell(store, f"pds:{event}", **attrs)
    assert ask(store, "items") == {"status": "failed", "general": {"home": {"desk": 1}}}
    assert ask(store, "settings_names") == []
    assert [seen(store, name) for name in RAISED] == told


def test_the_profile_begins_with_the_name_of_the_pico(engine: Engine) -> None:
    door = engine.make_child("Front door")
    profile = engine.query(f"{RID}/profile", door, key="name")
    assert profile == {"status": "success", "profile": "Front door"}


def test_the_profile_is_dated(store: Engine) -> None:
    """The day it was made stays, whatever is sent; a null changes nothing."""
    created = ask(store, "profile")["profile"]["_created"]
    store.move(60_000)
    tell(store, "pds:updated_profile", name=None, email="door@example.org", _created="yesterday")
    profile = ask(store, "profile")["profile"]
    assert (profile["name"], profile["email"], profile["description"]) == ("Pico", "door@example.org", "")
    assert profile["_created"] == created < profile["_modified"]
    assert seen(store, "profile_updated")["_status"] == "success"


def test_an_empty_profile_is_no_update(store: Engine) -> None:
    before = ask(store, "profile")
    tell(store, "pds:updated_profile")
    assert seen(store, "profile_updated") == {"_status": "failure"}
    assert ask(store, "profile") == before


def test_settings_are_kept_by_ruleset(store: Engine) -> None:
    """Each event adds one value; name and schema stay until there are others."""
    tell(store, "pds:add_settings", keyed_rid="lamp", name="Lamp", schema=["volt"], data_key="volt", value=12)
    tell(store, "pds:add_settings", keyed_rid="lamp", data_key="watt", value=0)
    assert seen(store, "settings_added") == {"keyed_rid": "lamp", "data_key": "watt", "value": 0}
    lamp = {"rid": "lamp", "name": "Lamp", "schema": ["volt"], "data": {"volt": 12, "watt": 0}}
    for found, args in (
        ({"lamp": lamp}, {}),
        (lamp, {"Rid": "lamp"}),
        ("Lamp", {"Rid": "lamp", "Key": "name"}),
        (12, {"Rid": "lamp", "Key": "data", "detail": "volt"}),
    ):
        assert ask(store, "settings", **args) == {"status": "success", "settings": found}
    assert ask(store, "settings_names") == [{"setRID": "lamp", "setName": "Lamp"}]
    for function in ("get_setting_data_value", "get_config_value", "config_value"):
        assert ask(store, function, rid="lamp", key="volt") == 12


def test_a_ruleset_asks_for_a_setting_of_its_own(store: Engine) -> None:
    tell(store, "pds:add_settings", keyed_rid="witness", data_key="volt", value=230)
    assert store.query("witness/volt") == 230


def test_everything_can_be_cleared(store: Engine) -> None:
    tell(store, "pds:new_data_available", namespace="home", key="lamp", value=1)
    tell(store, "pds:add_settings", keyed_rid="lamp", data_key="volt", value=12)
    tell(store, "pds:clear_all_data")
    assert ask(store, "items")["general"] is None
    assert ask(store, "profile")["profile"] is None
    assert ask(store, "settings")["settings"] is None


def test_its_channel_reaches_nothing_else(store: Engine) -> None:
    """One is made, however often it is installed."""
    tell(store, "wrangler:install_ruleset_request", url=f"library:{RID}")
    [channel] = store.query("io.picolabs.wrangler/channels", tags="pds")
    assert ask(store, "getChannelEci") == channel["id"]
    tell(store, "pds:new_data_available", channel["id"], namespace="home", key="lamp", value=1)
    assert ask(store, "get_keys", namespace="home") == ["lamp"]
    for refused in (
        store.reply("wrangler:name_changed", {"name": "mine"}, channel["id"]),
        store.ask("io.picolabs.wrangler/name", {}, channel["id"]),
    ):
        assert isinstance(refused, Refusal)
