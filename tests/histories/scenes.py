"""What the recorded picos go through: a little of everything that a turn can learn or lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from engine.core.model import Eci, Rid
from engine.ports import WebRequest, WebResponse
from tests.compatibility.engine import Engine
from tests.fakes.web import SITE, FakeWeb

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS

ORACLE = f"""
ruleset oracle {{
  meta {{ shares said }}
  global {{ said = function() {{ ent:said.defaultsTo([]) }} }}
  rule ask {{
    select when oracle asked question re#(.+)# setting(question)
    pre {{
      answer = http:get("http://{SITE}/oracle", {{"q": question}}){{"content"}}
      lot = random:integer(1000000)
    }}
    send_directive("said", {{"answer": answer, "lot": lot, "word": random:word()}})
    fired {{ ent:said := said().append(answer + " " + lot) }}
  }}
  rule tell {{
    select when oracle told
    http:post("http://{SITE}/oracle", json = {{"told": event:attrs}}) setting(reply)
    fired {{ ent:replies{{event:attrs{{"to"}}}} := reply{{"status_code"}} }}
  }}
  rule later {{
    select when oracle later
    http:post("http://{SITE}/oracle", autosend = {{
      "eci": meta:eci, "domain": "oracle", "type": "answered", "attrs": {{"n": event:attrs{{"n"}}}}
    }})
  }}
  rule answered {{
    select when oracle answered
    fired {{ ent:answered := ent:answered.defaultsTo([]).append(event:attrs{{"content"}}) }}
  }}
  rule fail {{ select when oracle angered pre {{ x = [1].map(1) }} send_directive("x", {{"x": x}}) }}
  rule failed {{
    select when system error
    fired {{ ent:errors := ent:errors.defaultsTo([]).append(event:attrs{{["data"]}}) }}
  }}
  rule rest {{ select when oracle rest if false then noop() notfired {{ last }} }}
  rule unrest {{ select when oracle rest send_directive("never") }}
}}
"""

WATCH = """
ruleset watch {
  meta { use module io.picolabs.wrangler alias wrangler shares seen }
  global {
    seen = function() { ent:seen.defaultsTo({}) }
    born = time:now()
  }
  rule pair { select when door opened before door closed fired { ent:pairs := ent:pairs.defaultsTo(0) + 1 } }
  rule often {
    select when count 3 (door opened who re#(.+)#) push(who) within 2 minutes
    send_directive("often", {"who": who})
    fired { ent:seen{["often", born]} := who; raise watch event "alarm" attributes {"who": who} }
  }
  rule rest { select when door opened and light lit fired { ent:seen{"rest"} := event:attrs } }
  rule alarm {
    select when watch alarm
    foreach event:attrs{"who"} setting(name, n)
    if n > 0 then send_directive("alarm", {"name": name})
    fired { ent:alarms{name} := n } else { clear ent:alarms{name} }
  }
  rule report {
    select when watch report
    foreach wrangler:children() setting(child)
    event:send({"eci": child{"eci"}, "domain": "watch", "type": "asked", "attrs": ent:seen})
  }
  rule asked { select when watch asked fired { ent:asked := event:attrs } }
  rule compare {
    select when watch compared
    pre { theirs = ctx:query(wrangler:children()[0]{"eci"}, "watch", "seen") }
    fired { ent:theirs := theirs }
  }
}
"""

ROUNDING = """
ruleset rounding {
  rule up {
    select when round up
    pre { limits = ctx:grants }
    fired { ent:last := math:ceiling(event:attrs{"x"}); ent:limits := limits }
  }
}
"""

Played = Mapping[str, str]
"""Names of histories and a channel of the pico that each of them is of."""


def play_counter(engine: Engine) -> Played:
    """The example of the README: state, tickets, an event with a query, and a new text."""
    text = (EXAMPLES / "counter" / "counter.krl").read_text("utf-8")
    engine.install(text)
    for by in range(5):
        engine.send("counter:increment", by=by)
    engine.send("counter:increment", ticket="a-17")
    engine.send("counter:increment", ticket="a-17", by="nothing")
    engine.get("/c/ROOT/event/counter/increment/query/counter/count")
    engine.send("counter:unheard_of", deep={"list": [1, 2.5, None, True, "…"]})
    engine.send("counter:reset")
    engine.flush(text.replace("defaultsTo(1)", "defaultsTo(100)"))
    engine.send("counter:increment")
    engine.uninstall("counter")
    return {"counter": engine.host.root_eci()}


def play_reminder(engine: Engine) -> Played:
    """Timers: once, again and again, cancelled, and missed while the engine is off."""
    engine.install((EXAMPLES / "reminder" / "reminder.krl").read_text("utf-8"))
    engine.send("reminder:once", text="tea", minutes=4)
    engine.send("reminder:often", text="stretch", cron="*/20 * * * *")
    ((_, planned), *_) = engine.send("reminder:once", text="never", minutes=30)
    engine.send("reminder:cancel", id=planned["id"])
    for _ in range(8):
        engine.move(10 * MINUTE_MS)
    engine.send("reminder:once", text="missed", minutes=5)
    engine.restart(DAY_MS)
    engine.move(0)
    return {"reminder": engine.host.root_eci()}


def play_oracle(engine: Engine) -> Played:
    """Answers from outside, chance, failures and their events."""
    engine.install(ORACLE)
    for question in ("why", "when", "who"):
        engine.send("oracle:asked", question=question)
    engine.send("oracle:told", to="one", what=[1, {"a": None}])
    engine.send("oracle:later", n=1)
    engine.settle()
    engine.fault("oracle:angered")
    engine.settle()
    engine.send("oracle:rest")
    return {"oracle": engine.host.root_eci()}


def play_family(engine: Engine) -> Played:
    """Children, channels, messages between picos, half-matched events, and a text that cannot run."""
    engine.install(WATCH)
    near = engine.make_child("near")
    engine.make_child("far")
    engine.install(WATCH, eci=near)
    for who in ("ann", "bob", "ann", "cyd"):
        engine.send("door:opened", who=who)
        engine.move(MINUTE_MS // 2)
    engine.send("door:closed")
    engine.send("light:lit", near, level=3)
    engine.send("door:opened", near, who="dan")
    engine.move(10 * MINUTE_MS)
    engine.send("door:opened", near, who="eve")
    engine.send("watch:report")
    engine.settle()
    engine.send("watch:compared")
    engine.send("wrangler:new_channel_request", tags=["guest"], eventPolicy={"allow": [], "deny": []})
    engine.install_fault("ruleset bad { global { x = [1].map(1) } }")
    engine.flush(WATCH.replace("count 3", "count 2"))
    engine.send("door:opened", who="fay")
    (far,) = [one for one in engine.query("io.picolabs.wrangler/children") if one["name"] == "far"]
    engine.send("wrangler:child_deletion_request", eci=far["eci"])
    engine.settle()
    return {"family": engine.host.root_eci(), "child": near}


def play_limits(engine: Engine) -> Played:
    """Modules taken away and given back, and a child that is born in between."""
    engine.install(ROUNDING)
    root = engine.host.root_eci()
    engine.send("round:up", x=1.4)
    engine.run(engine.host.grant(root, "math", False))
    engine.fault("round:up", x=2.5)
    engine.settle()
    heir = engine.make_child("heir")
    engine.install(ROUNDING, eci=heir)
    engine.fault("round:up", heir, x=2.5)
    engine.run(engine.host.grant(root, "math", True))
    engine.send("round:up", x=3.6)
    return {"limits": root, "heir": heir}


def play_upgrade(engine: Engine) -> Played:
    """New texts with upgrade blocks, one that fails, and the way back with both kinds of variables."""
    first = (EXAMPLES / "counter" / "counter.krl").read_text("utf-8")
    second = (EXAMPLES / "counter" / "counter-2.krl").read_text("utf-8")
    counter, root = Rid("counter"), Eci(engine.host.root_eci())
    engine.install(first)
    for ticket in ("a", "b", "a"):
        engine.send("counter:increment", ticket=ticket)
    for text in (second.replace('{"times": times}', 'times - "x"'), second):
        engine.publish(text)
        engine.run(engine.host.upgrade(counter, None, root))
    engine.send("counter:increment", ticket="c")
    engine.run(engine.host.roll_back(counter, root, "restore"))
    engine.send("counter:increment", ticket="a")
    engine.run(engine.host.upgrade(counter, None, None))
    engine.flush(second.replace("2.0", "2.1").replace('from "*"', 'from "2.0"'))
    engine.run(engine.host.roll_back(counter, root, "keep"))
    engine.run(engine.host.roll_back(counter, root, "keep"))
    return {"upgrade": root}


def make_site() -> FakeWeb:
    """A web that never says the same twice."""
    numbers = count(1)

    def answer(request: WebRequest) -> WebResponse:
        text = f"answer {next(numbers)} to {request.url}"
        return WebResponse(200, "OK", {"content-type": "text/plain"}, text)

    return FakeWeb(answer)


SCENES: tuple[Callable[[Engine], Played], ...] = (
    play_counter,
    play_reminder,
    play_oracle,
    play_family,
    play_limits,
    play_upgrade,
)
