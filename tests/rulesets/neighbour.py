"""A ruleset that asks others whatever a test wants, and picos that have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.core.messages import Fault
from engine.runtime.replies import EventReply, QueryReply
from tests.compatibility.engine import Engine

NEIGHBOUR = """
ruleset n {
  meta { shares echo, count, family, ask, logs }
  global {
    echo = function(x) { x }
    count = function() { ent:count.defaultsTo(0) }
    family = function() { { "id": ctx:picoId, "parent": ctx:parent, "children": ctx:children } }
    ask = function(eci, name, args) { ctx:query(eci, "n", name, args) }
    logs = function() { ctx:logs() }
  }
  rule ask { select when n ask
    send_directive("value", { "value": ask(event:attrs{"eci"}, event:attrs{"name"}, event:attrs{"args"}) }) }
  rule add { select when n add where event:attrs{"by"} != "nothing"
    always { ent:count := count() + 1 log info "added" } }
  rule fail { select when n fail  always { ent:count := 0 - "a" } }
  rule tell { select when n tell
    ctx:event(event:attrs{"eci"}, "n", event:attrs{"name"}, event:attrs{"attrs"}) setting(eid)
    always { raise n event "done" attributes { "value": eid } } }
  rule change { select when n change
    ctx:eventQuery(event:attrs{"eci"}, "n", event:attrs{"event"}, event:attrs{"attrs"},
                   "n", event:attrs{"name"}, event:attrs{"args"}) setting(value)
    always { ent:count := count() + 10
             raise n event "done" attributes { "value": value } } }
  rule done { select when n done  send_directive("value", { "value": event:attrs{"value"} }) }
  rule open { select when n open
    ctx:newChannel(["x"], event:attrs{"events"}, event:attrs{"queries"}) setting(made)
    always { raise n event "done" attributes { "value": made } } }
  rule flush { select when n flush
    ctx:flush(event:attrs{"url"}) setting(rid)
    always { raise n event "done" attributes { "value": rid } } }
}
"""


@dataclass
class Family:
    """The root and two children, who all have the ruleset. `ann` and `bob` are channels for anybody."""

    engine: Engine
    ann: str
    bob: str

    @property
    def root(self) -> str:
        return self.engine.host.root_eci()

    def ask(self, function: str, at: str, /, **args: Any) -> Any:
        reply = self.engine.ask(f"n/{function}", args, at)
        assert isinstance(reply, QueryReply), reply
        return reply.value

    def do(self, event: str, at: str, /, **attrs: Any) -> Any:
        """Send an event; the value that its rule tells."""
        reply = self.engine.reply(f"n:{event}", attrs, at)
        assert isinstance(reply, EventReply), reply
        self.engine.settle()
        told: list[Any] = [directive["options"] for directive in reply.directives]
        return told[0]["value"] if told else None

    def fault(self, event: str, at: str, /, **attrs: Any) -> str:
        """Send an event that fails; why."""
        reply = self.engine.reply(f"n:{event}", attrs, at)
        assert isinstance(reply, Fault), reply
        self.engine.settle()
        return reply.message

    def counts(self) -> list[float]:
        """What root, ann and bob have counted."""
        return [self.ask("count", eci) for eci in (self.root, self.ann, self.bob)]


def make_family(engine: Engine) -> Family:
    engine.install(NEIGHBOUR)
    ann, bob = engine.make_child("ann"), engine.make_child("bob")
    for child in (ann, bob):
        engine.install(NEIGHBOUR, eci=child)
    return Family(engine, ann, bob)
