"""The calls that pico-engine's user interface makes, tab by tab, over HTTP and unchanged: it is a program
that runs in a browser and cannot be told of another engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ruleset_library
from tests.compatibility.engine import Engine

RID = "io.picolabs.pico-engine-ui"

LAMP = """ruleset lamp {
  meta { shares state }
  global { state = function(of) { [of, ent:on] } }
  rule on { select when lamp on fired { ent:on := event:attrs{"by"} } }
}"""


class Client:
    """What the interface has of an engine: `fetch`, and what each of its forms sends."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.eci: str = self.fetch("/api/ui-context")["eci"]

    def fetch(self, path: str, body: Any = None) -> Any:
        """As JSON; it takes an answer with a member `error` for an error, whatever its status."""
        if body is None:
            response = self.engine.http("GET", path)
        else:
            kind = {"Content-Type": "application/json; charset=utf-8"}
            response = self.engine.http("POST", path, json=body, headers=kind)
        data = response.json()
        assert not (isinstance(data, dict) and data.get("error")), data
        for _ in range(6):
            self.engine.settle()
        return data

    def query(self, name: str, eci: str | None = None, rid: str = RID) -> Any:
        return self.fetch(f"/c/{eci or self.eci}/query/{rid}/{name}")

    def change(self, event: str, then: str, eci: str | None = None, /, **attrs: Any) -> Any:
        """An event and then a query, in one."""
        return self.fetch(f"/c/{eci or self.eci}/event/engine_ui/{event}/query/{RID}/{then}", attrs)

    def boxes(self, eci: str | None = None) -> list[Any]:
        """The whole page: a pico, and all below it."""
        box = self.query("box", eci)
        return [box, *(below for child in box["children"] for below in self.boxes(child))]


@pytest.fixture
def client(engine: Engine) -> Client:
    # From a text in memory: children read it too, and no test waits for a disk.
    engine.install((Path(ruleset_library.__file__).parent / f"{RID}.krl").read_text("utf-8"))
    return Client(engine)


def test_the_page_draws_every_pico(client: Client) -> None:
    client.change("new", "box", name="kid", backgroundColor="#aabbcc")
    root, kid = client.boxes()
    client.change("new", "box", kid["eci"], name="grandchild", backgroundColor="")
    assert [box["name"] for box in client.boxes()] == ["Pico", "kid", "grandchild"]
    assert (kid["parent"], kid["backgroundColor"]) == (root["eci"], "#aabbcc")
    assert all(isinstance(kid[part], int) for part in ("x", "y", "width", "height"))


def test_a_box_that_is_moved_is_answered_as_it_is_then(client: Client) -> None:
    box = client.change("box", "box", x=7, y=8, width=90, height=80)
    assert [box[part] for part in ("x", "y", "width", "height")] == [7, 8, 90, 80]


def test_the_tab_about(client: Client) -> None:
    """Renames and paints a pico, makes children, deletes them."""
    assert client.change("box", "box", name="Me", backgroundColor="#000000")["name"] == "Me"
    client.change("new", "box", name="kid", backgroundColor="#aabbcc")
    _, kid = client.boxes()
    client.fetch(f"/c/{client.eci}/event-wait/engine_ui/del?eci={kid['eci']}")
    assert [box["name"] for box in client.boxes()] == ["Me"]


def test_the_tab_channels(client: Client) -> None:
    allow = {"allow": [{"domain": "lamp", "name": "*"}], "deny": []}
    ask = {"allow": [{"rid": "lamp", "name": "*"}], "deny": []}
    form = {"tags": ["one", " two"], "eventPolicy": allow, "queryPolicy": ask}
    pico = client.change("new_channel", "pico", **form)
    (made,) = [one for one in pico["channels"] if "one" in one["tags"]]
    assert (made["tags"], made["eventPolicy"], made["queryPolicy"]) == (["one", "two"], allow, ask)
    assert made["familyChannelPicoID"] is None
    pico = client.change("del_channel", "pico", eci=made["id"])
    assert made["id"] not in [one["id"] for one in pico["channels"]]


def test_the_tab_rulesets(client: Client) -> None:
    """What it shows of each ruleset is there."""
    url = client.engine.publish(LAMP)
    pico = client.change("install", "pico", url=url, config={"volt": 12})
    (lamp,) = [one for one in pico["rulesets"] if one["rid"] == "lamp"]
    assert (lamp["url"], lamp["config"], lamp["meta"]["krl"]) == (url, {"volt": 12}, LAMP)
    assert {"hash", "flushed", "compiler"} <= set(lamp["meta"])
    client.engine.publish(LAMP.replace("ent:on]", "1]"))
    pico = client.change("flush", "pico", url=url)
    (again,) = [one for one in pico["rulesets"] if one["rid"] == "lamp"]
    assert again["meta"]["hash"] != lamp["meta"]["hash"]
    pico = client.change("uninstall", "pico", rid="lamp")
    assert "lamp" not in [one["rid"] for one in pico["rulesets"]]


def test_a_ruleset_that_cannot_be_installed_is_an_error_in_words(client: Client) -> None:
    path = f"/c/{client.eci}/event/engine_ui/install/query/{RID}/pico"
    answer = client.engine.http("POST", path, json={"url": "file:///not/there.krl", "config": {}}).json()
    assert "file:///not/there.krl" in answer["error"]


def test_the_tab_logging(client: Client) -> None:
    client.change("box", "box", x=7)
    newest = client.query("logs")[0]
    assert newest["header"].endswith("engine_ui:box")
    assert all(isinstance(newest[part], str) for part in ("txnId", "time", "header"))
    assert newest["entries"] == []


def test_the_tab_testing(client: Client) -> None:
    """Forms for what a ruleset shares and listens to, over a channel that is chosen and remembered."""
    client.change("install", "pico", url=client.engine.publish(LAMP), config={})
    schema = client.query("__testing", rid="lamp")
    assert schema["queries"] == [{"name": "state", "args": ["of"]}]
    assert schema["events"] == [{"domain": "lamp", "name": "on", "attrs": ["by"]}]
    assert client.query("testingECI") is None
    free = [one["id"] for one in client.query("pico")["channels"] if one["familyChannelPicoID"] is None]
    client.fetch(f"/c/{client.eci}/event/engine_ui/testing_eci", {"eci": free[0]})
    chosen = client.query("testingECI")
    assert chosen == free[0]
    answer = client.fetch(f"/c/{chosen}/event-wait/lamp/on", {"by": "me"})
    assert answer["directives"] == []
    assert client.fetch(f"/c/{chosen}/query/lamp/state", {"of": 5}) == [5, "me"]
