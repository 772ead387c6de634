"""Modules between rulesets: section 10, and what pico-engine's tests say of uses, cycles and flushes."""

from __future__ import annotations

import pytest

from engine.core.messages import Refusal
from engine.runtime.genesis import BORN_WITH
from engine.runtime.replies import FlushReply
from tests.compatibility.engine import Engine

SHOP = """
ruleset org.example.shop {
  meta {
    provides owner, card, announce, about, hours, double
    shares card
    configure using who = "Ada" greeting = "Hello"
  }
  global {
    hours = [9, 17]
    secret = function() { greeting + " from " + who + ", note: " + ent:note }
    owner = function() { who }
    double = function(x, times = 2) { x * times }
    card = function() { { "owner": owner(), "note": ent:note, "text": secret() } }
    about = function() {
      { "eid": event:eid, "attrs": event:attrs, "eci": meta:eci, "rule": meta:ruleName, "txn": meta:txnId,
        "inEvent": meta:inEvent, "rid": meta:rid, "ctxRid": ctx:rid }
    }
    announce = defaction(what = "card") {
      send_directive(what, card()) setting(told)
      return { "owner": owner(), "meta": told{"meta"}.delete("txnId") }
    }
  }
  rule note {
    select when shop note text re#^(.*)$# setting(text)
    send_directive("noted", { "by": who })
    always { ent:note := text + " (" + who + ")" }
  }
}
"""

VISITOR = """
ruleset org.example.visitor {
  meta {
    use module org.example.shop alias plain
    use module org.example.shop alias custom with who = "Grace" and greeting = "Hi"
    shares early, kept
  }
  global {
    early = plain:owner() + " and " + custom:owner()
    kept = function() { ent:kept }
  }
  rule cards { select when visit cards   every {
    send_directive("plain", plain:card())
    send_directive("custom", custom:card())
  } }
  rule about { select when visit about   send_directive("about", plain:about()) }
  rule act { select when visit act   custom:announce() setting(result)   always { ent:kept := result } }
  rule method { select when visit method
    send_directive("method", [4.plain:double(), 4.plain:double(3), plain:double(times = 5, x = 2)]) }
  rule values { select when visit values
    pre { f = plain:double }
    send_directive("values", [plain:hours, f(21), [1, 2].map(plain:double)]) }
  rule missing { select when visit missing   send_directive("never", plain:secret()) }
}
"""


def card(owner: str, note: str | None, greeting: str = "Hello") -> dict[str, str | None]:
    return {"owner": owner, "note": note, "text": f"{greeting} from {owner}, note: {note or 'null'}"}


@pytest.fixture
def visited(engine: Engine) -> Engine:
    engine.install(SHOP, VISITOR)
    return engine


def test_a_module_has_to_be_there_first(engine: Engine) -> None:
    """The order of installation matters; a refused install changes nothing."""
    assert "org.example.shop" in engine.install_fault(VISITOR)
    assert "org.example.visitor" not in engine.host.tree().rulesets
    engine.install(SHOP, VISITOR)
    assert "org.example.visitor" in engine.host.tree().rulesets


def test_each_use_has_its_own_configuration(visited: Engine) -> None:
    """Also in `global`, where a module may be called already."""
    assert visited.query("org.example.visitor/early") == "Ada and Grace"
    assert visited.send("visit:cards") == [
        ("plain", card("Ada", None)),
        ("custom", card("Grace", None, "Hi")),
    ]


def test_a_ruleset_installed_by_itself_has_its_defaults(visited: Engine) -> None:
    """And what its rules store is what every use of it sees."""
    assert visited.send("shop:note", text="open") == [("noted", {"by": "Ada"})]
    assert visited.query("org.example.shop/card") == card("Ada", "open (Ada)")
    assert visited.send("visit:cards") == [
        ("plain", card("Ada", "open (Ada)")),
        ("custom", card("Grace", "open (Ada)", "Hi")),
    ]


def test_the_rules_of_a_module_do_not_run_for_its_users(visited: Engine) -> None:
    assert visited.names("shop:note", text="once") == ["noted"]


def test_a_module_does_not_see_the_event(visited: Engine) -> None:
    """It is to give the same whatever is going on; its own rid it knows."""
    nothing = dict.fromkeys(["eid", "attrs", "eci", "rule", "txn"])
    about = {**nothing, "inEvent": False, "rid": "org.example.shop", "ctxRid": "org.example.shop"}
    assert visited.send("visit:about", a=1) == [("about", about)]


def test_a_provided_action_runs_in_the_callers_name(visited: Engine) -> None:
    """What it returns is kept by the caller, and its directives are the caller's."""
    assert visited.send("visit:act") == [("card", card("Grace", None, "Hi"))]
    meta = {"rid": "org.example.visitor", "rule_name": "act"}
    assert visited.query("org.example.visitor/kept") == {"owner": "Grace", "meta": meta}


def test_a_module_function_may_be_called_like_a_method(visited: Engine) -> None:
    """Arguments by name work for provided functions as for others."""
    assert visited.send("visit:method") == [("method", [8, 12, 10])]


def test_provided_values_and_functions_without_a_call_are_what_they_are(visited: Engine) -> None:
    """FIX 13 and 14."""
    assert visited.send("visit:values") == [("values", [[9, 17], 42, [0, 2]])]


def test_what_is_not_provided_cannot_be_used(visited: Engine) -> None:
    assert "does not provide secret" in visited.fault("visit:missing")


def test_a_module_in_use_cannot_be_uninstalled(visited: Engine) -> None:
    """Its user first."""
    reason = visited.fault("wrangler:uninstall_ruleset_request", rid="org.example.shop")
    assert reason == "Cannot uninstall org.example.shop because org.example.visitor depends on it"
    visited.uninstall("org.example.visitor")
    visited.uninstall("org.example.shop")
    assert visited.host.tree().rulesets == [*BORN_WITH]


def test_uses_survive_a_restart(visited: Engine) -> None:
    visited.restart()
    assert visited.query("org.example.visitor/early") == "Ada and Grace"
    assert visited.names("visit:cards") == ["plain", "custom"]


def test_users_get_the_new_text_of_a_module(visited: Engine) -> None:
    """With their own configuration, at once."""
    flushed = visited.flush(SHOP.replace(", note: ", ", v2: "))
    assert isinstance(flushed, FlushReply)
    [(_, plain), (_, custom)] = visited.send("visit:cards")
    assert (plain["text"], custom["text"]) == ("Hello from Ada, v2: null", "Hi from Grace, v2: null")


def test_the_default_domain_of_a_module_is_its_rid(engine: Engine) -> None:
    """Which can be written only when it has no dots; an alias may hide a built-in module."""
    engine.install(
        "ruleset plain { meta { provides f shares f } global { f = function() { 7 } } }",
        """ruleset user {
          meta { use module plain   use module plain alias math   shares all }
          global { all = function() { [plain:f(), math:f()] } }
        }""",
    )
    assert engine.query("user/all") == [7, 7]


def test_configuration_may_use_earlier_configuration(engine: Engine) -> None:
    """Defaults are computed in textual order, and `with` may mention what the user configures itself."""
    engine.install(
        """ruleset low {
          meta { configure using a = 1 b = a + 1 provides ab }
          global { ab = function() { [a, b] } }
        }""",
        """ruleset mid {
          meta { configure using base = 10 use module low with b = base provides all shares all }
          global { all = function() { low:ab() } }
        }""",
        """ruleset top {
          meta { use module mid with base = 20 shares both }
          global { both = function() { mid:all() } }
        }""",
    )
    assert engine.query("mid/all") == [1, 10]
    assert engine.query("top/both") == [1, 20]


# --- cycles ----------------------------------------------------------------------------------------


def test_a_ruleset_cannot_use_itself(engine: Engine) -> None:
    assert "a -> a" in engine.install_fault("ruleset a { meta { use module a } }")


def test_a_cycle_cannot_come_with_a_new_text(engine: Engine) -> None:
    """The old text stays in force, and the engine starts again with it."""
    engine.install("ruleset a { meta { provides f shares f } global { f = function() { 1 } } }")
    engine.install("ruleset b { meta { use module a shares g } global { g = function() { a:f() } } }")
    reply = engine.flush(
        "ruleset a { meta { use module b provides f shares f } global { f = function() { 2 } } }"
    )
    assert isinstance(reply, Refusal)
    assert "a -> b -> a" in reply.reason
    assert engine.query("b/g") == 1
    engine.restart()
    assert engine.query("b/g") == 1


def test_a_new_text_cannot_use_what_is_not_there(engine: Engine) -> None:
    engine.install("ruleset a { meta { shares f } global { f = function() { 1 } } }")
    reply = engine.flush("ruleset a { meta { use module c shares f } global { f = function() { 2 } } }")
    assert isinstance(reply, Refusal)
    assert "c" in reply.reason
    assert engine.query("a/f") == 1


# --- new texts ---------------------------------------------------------------------------------------


def test_a_new_text_changes_nothing_until_it_is_flushed(engine: Engine) -> None:
    """Not even a restart does."""
    text = 'ruleset v { meta { version "1" shares v } global { v = function() { ctx:rid_version } } }'
    engine.install(text)
    engine.publish(text.replace('"1"', '"2"'))
    engine.restart()
    assert engine.query("v/v") == "1"
    engine.flush(text.replace('"1"', '"2"'))
    assert engine.query("v/v") == "2"


INSTALLER = """
ruleset installer {
  rule install { select when do install   ctx:install(event:attrs{"url"}) setting(rid)
    fired { raise do event "installed" attributes { "rid": rid } } }
  rule installed { select when do installed   send_directive(event:attrs{"rid"}) }
  rule flush { select when do flush   ctx:flush(event:attrs{"url"}) }
}
"""


def test_rulesets_can_install_and_flush_others(engine: Engine) -> None:
    """`ctx:install` gives the rid."""
    engine.install(INSTALLER)
    text = 'ruleset talk { meta { shares say } global { say = function() { "v0" } } }'
    url = engine.publish(text)
    assert engine.names("do:install", url=url) == ["talk"]
    engine.publish(text.replace("v0", "v1"))
    assert engine.query("talk/say") == "v0"
    engine.send("do:flush", url=url)
    engine.settle()
    assert engine.query("talk/say") == "v1"


def test_a_ruleset_can_flush_itself(engine: Engine) -> None:
    text = """
      ruleset self { meta { shares say } global { say = function() { "v0" } }
        rule flush { select when self flush   ctx:flush(meta:rid_url) } }
    """
    engine.install(text)
    engine.publish(text.replace("v0", "v1"))
    engine.send("self:flush")
    engine.settle()
    assert engine.query("self/say") == "v1"
