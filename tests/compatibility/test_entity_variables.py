"""Entity variables: one namespace for each ruleset of each pico. Sections 6 and 8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compatibility.engine import Engine

BOX = """
ruleset box {
  meta { shares get, item }
  global {
    get = function() { ent:x }
    item = function(key) { ent:x{key} }
  }
  rule set { select when box set   always { ent:x := event:attrs } }
  rule put { select when box put   always { ent:x{event:attrs{"path"}} := event:attrs{"value"} } }
  rule cut { select when box cut   always { clear ent:x{event:attrs{"path"}} } }
  rule wipe { select when box wipe   always { clear ent:x } }
}
"""


@pytest.fixture
def box(engine: Engine) -> Engine:
    engine.install(BOX)
    return engine


def test_an_unset_variable_is_null(box: Engine) -> None:
    assert box.query("box/get") is None
    assert box.query("box/item", key="a") is None


def test_a_variable_is_kept_whole(box: Engine) -> None:
    """Also over a restart, with the order of its keys."""
    box.send("box:set", b=[1, {"c": None}], a="text")
    box.restart()
    value = box.query("box/get")
    assert value == {"b": [1, {"c": None}], "a": "text"}
    assert list(value) == ["b", "a"]


def test_one_entry_at_a_time(box: Engine) -> None:
    box.send("box:set", a="one")
    box.send("box:put", path="b", value="two")
    assert box.query("box/get") == {"a": "one", "b": "two"}
    assert [box.query("box/item", key=key) for key in ("a", "missing", None)] == ["one", None, None]
    box.send("box:cut", path="a")
    assert box.query("box/get") == {"b": "two"}
    box.send("box:wipe")
    assert box.query("box/get") is None


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        (None, ["one", "two"], {"one": {"two": "v"}}),
        (None, "a", {"a": "v"}),
        (None, 0, {"0": "v"}),
        ({"l": [{"id": 1}, {"id": 2}]}, ["l", 1, "id"], {"l": [{"id": 1}, {"id": "v"}]}),
        ({"l": [{"id": 1}]}, ["l", 1, "id"], {"l": [{"id": 1}, {"id": "v"}]}),
        ({}, ["a", 0], {"a": ["v"]}),
        ({"a": "scalar"}, ["a", "b"], {"a": {"b": "v"}}),
        ({"a.b": 1}, "a.b", {"a.b": "v"}),
        ({"2": 1}, 10, {"2": 1, "10": "v"}),
    ],
)
def test_assigning_along_a_path(box: Engine, before: Any, path: Any, after: Any) -> None:
    """The `set` operator: missing steps become arrays where the next key is an index, else maps."""
    if before is not None:
        box.send("box:set", **before)
    box.send("box:put", path=path, value="v")
    assert box.query("box/get") == after


def test_clearing_an_element_leaves_a_hole(box: Engine) -> None:
    """And clearing what is not there changes nothing."""
    box.send("box:set", l=[1, 2, 3])
    box.send("box:cut", path=["l", 0])
    box.send("box:cut", path=["m", "n"])
    assert box.query("box/get") == {"l": [None, 2, 3]}


def test_assigning_null_deletes(engine: Engine) -> None:
    """A whole variable; inside one, null is a value (CHOOSE)."""
    engine.install("""
      ruleset n {
        meta { shares get }
        global { get = function() { [ent:x, ent:m] } }
        rule set { select when n set always {
          ent:x := 1;
          ent:x := null;
          ent:m := {"a": 1, "b": null};
          ent:m{"a"} := null
        } }
      }
    """)
    engine.send("n:set")
    assert engine.query("n/get") == [None, {"a": None, "b": None}]


def test_values_are_stored_as_json(engine: Engine) -> None:
    """Functions in maps vanish, regular expressions become empty maps."""
    engine.install("""
      ruleset j {
        meta { shares get }
        global { get = function() { ent:x } }
        rule set { select when j set always {
          ent:x := {"f": function() { 1 }, "r": re#a#, "n": 0.1, "t": true, "l": [null]} } }
      }
    """)
    engine.send("j:set")
    assert engine.query("j/get") == {"r": {}, "n": 0.1, "t": True, "l": [None]}


def test_each_ruleset_has_its_own(engine: Engine) -> None:
    engine.install(BOX, BOX.replace("ruleset box", "ruleset other").replace("box set", "other set"))
    engine.send("box:set", a=1)
    assert engine.query("other/get") is None


def test_each_pico_has_its_own(engine: Engine) -> None:
    """Two children with the same ruleset know nothing of each other."""
    one, two = engine.make_child("one"), engine.make_child("two")
    for eci in (one, two):
        engine.install(BOX, eci=eci)
    engine.send("box:set", one, name="Alf")
    engine.send("box:set", two, name="Bob")
    engine.send("box:cut", one, path="name")
    assert (engine.query("box/get", one), engine.query("box/get", two)) == ({}, {"name": "Bob"})


def test_uninstalling_deletes_them(box: Engine) -> None:
    box.send("box:set", a=1)
    box.uninstall("box")
    box.install(BOX)
    assert box.query("box/get") is None


def test_a_new_text_keeps_them(box: Engine) -> None:
    box.send("box:set", a=1)
    box.flush(BOX.replace("ent:x{key}", '"new"'))
    assert (box.query("box/get"), box.query("box/item")) == ({"a": 1}, "new")


def test_appending_to_nothing_leaves_a_leading_null(engine: Engine) -> None:
    """A common idiom, and what programs have come to expect of it."""
    engine.install("""
      ruleset a { meta { shares get } global { get = function() { ent:log } }
        rule add { select when a add always { ent:log := ent:log.append(event:attrs{"n"}) } } }
    """)
    engine.send("a:add", n=1)
    engine.send("a:add", n=2)
    assert engine.query("a/get") == [None, 1, 2]


@pytest.mark.parametrize("statement", ["app:x := 1", "clear app:x", "foo:x := 1", "ent:x = 1"])
def test_there_are_no_other_variables(engine: Engine, statement: str) -> None:
    assert engine.install_fault(f"ruleset v {{ rule r {{ select when d t always {{ {statement} }} }} }}")
