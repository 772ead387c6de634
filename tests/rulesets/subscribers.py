"""Picos with subscriptions, somebody who watches each of them, and two of them who agree on relationships."""

from __future__ import annotations

from typing import Any

from tests.compatibility.engine import Engine

RID = "io.picolabs.subscription"

ANNOUNCED = [
    "wellKnown_Rx_created",
    "outbound_pending_subscription_added",
    "wellKnown_Tx_format_failure",
    "inbound_pending_subscription_added",
    "no_Tx_failure",
    "inbound_pending_subscription_approved",
    "auto_accepted_subscription_request",
    "subscription_added",
    "subscription_removed",
    "inbound_subscription_cancelled",
    "outbound_subscription_cancelled",
    "failed_to_send_event_to_sub",
    "auto_accept_config_updated",
    "autoAcceptConfigUpdate_failure",
]

WATCHER = f"""
ruleset watcher {{
  meta {{ shares seen, heard, asked }}
  global {{
    seen = function() {{ ent:seen.defaultsTo([]) }}
    heard = function() {{ ent:heard.defaultsTo([]) }}
    asked = function() {{ "answered" }}
  }}
  rule watch {{
    select when {" or ".join(f"wrangler {name}" for name in ANNOUNCED)}
    always {{ ent:seen := seen().append({{ "name": event:name, "attrs": event:attrs }}) }}
  }}
  rule hear {{ select when talk say
    always {{ ent:heard := heard().append(event:attrs{{"words"}}) }} }}
  rule greet {{ select when wrangler subscription_added
    event:send({{ "eci": event:attrs{{["bus", "Tx"]}}, "domain": "talk", "type": "say",
                 "attrs": {{ "words": "hello" }} }}) }}
  rule send {{ select when talk send
    event:send(event:attrs{{"event"}}) }}
}}
"""


class Pico:
    """A pico with subscriptions, and somebody who watches them."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.eci = engine.make_child(name)
        self.installs(f"library:{RID}")
        engine.install(WATCHER, eci=self.eci)
        self.forget()

    def installs(self, url: str) -> None:
        self.engine.send("wrangler:install_ruleset_request", self.eci, url=url)
        self.engine.settle()

    def do(self, event: str, /, **attrs: Any) -> None:
        self.engine.send(f"wrangler:{event}", self.eci, **attrs)
        self.engine.settle()

    def sends(self, eci: str, domain: str, name: str, **attrs: Any) -> None:
        """Send another pico anything at all."""
        event = {"eci": eci, "domain": domain, "type": name, "attrs": attrs}
        self.engine.send("talk:send", self.eci, event=event)
        self.engine.settle()

    def has(self, phase: str, /, **which: str) -> list[dict[str, Any]]:
        buses: list[dict[str, Any]] = self.engine.query(f"{RID}/{phase}", self.eci, **which)
        return buses

    @property
    def phases(self) -> tuple[int, int, int]:
        """How many are established, inbound and outbound."""
        return len(self.has("established")), len(self.has("inbound")), len(self.has("outbound"))

    @property
    def well_known(self) -> str:
        eci: str = self.engine.query(f"{RID}/wellKnown_Rx", self.eci)["id"]
        return eci

    @property
    def channels(self) -> set[str]:
        channels = self.engine.query("io.picolabs.wrangler/channels", self.eci)
        return {one["id"] for one in channels}

    @property
    def heard(self) -> list[Any]:
        heard: list[Any] = self.engine.query("watcher/heard", self.eci)
        return heard

    def seen(self) -> list[tuple[str, dict[str, Any]]]:
        """What was announced since it was last asked, with its attributes."""
        seen = self.engine.query("watcher/seen", self.eci)[self._told :]
        self._told += len(seen)
        return [(one["name"], one["attrs"]) for one in seen]

    def names(self) -> list[str]:
        return [name for name, _ in self.seen()]

    def forget(self) -> None:
        self._told = 0
        self.seen()


class Pair:
    """Two picos; ann is the one who asks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ann, self.bob = Pico(engine, "ann"), Pico(engine, "bob")
        self.settled = self.ann.channels, self.bob.channels

    def ask(self, **attrs: Any) -> str:
        """Have ann ask bob; the Id."""
        roles = {"Rx_role": "pupil", "Tx_role": "teacher", "name": "lessons", "channel_type": "school"}
        self.ann.do("subscription", wellKnown_Tx=self.bob.well_known, **{**roles, **attrs})
        Id: str = self.ann.has("outbound")[-1]["Id"]
        return Id

    def agree(self, **attrs: Any) -> str:
        """The same, and have bob approve."""
        Id = self.ask(**attrs)
        self.bob.do("pending_subscription_approval", Id=Id)
        for pico in (self.ann, self.bob):
            pico.forget()
        return Id

    def bury(self, name: str) -> None:
        children = self.engine.query("io.picolabs.wrangler/children")
        eci = next(one["eci"] for one in children if one["name"] == name)
        self.engine.send("wrangler:child_deletion_request", eci=eci)
        self.engine.settle()

    def is_over(self) -> bool:
        """Nothing is left of any relationship on either side, channels included."""
        phases = self.ann.phases, self.bob.phases
        return phases == ((0, 0, 0), (0, 0, 0)) and (self.ann.channels, self.bob.channels) == self.settled


def agree_often(pair: Pair, times: int) -> None:
    """Nobody watches, since that costs more than all the rest."""
    for pico in (pair.ann, pair.bob):
        pair.engine.send("wrangler:uninstall_ruleset_request", pico.eci, rid="watcher")
    pair.bob.do("autoAcceptConfigUpdate", configName="all", regexMap={"Rx_role": "."})
    event = {"wellKnown_Tx": pair.bob.well_known, "Rx_role": "r", "Tx_role": "t"}
    for _ in range(times):
        pair.engine.send("wrangler:subscription", pair.ann.eci, **event)
    pair.engine.settle()
    assert (pair.ann.phases, pair.bob.phases) == ((times, 0, 0), (times, 0, 0))


def check_gone(pico: Pico, phase: str, Id: str) -> None:
    (name, attrs) = pico.seen()[-1]
    assert (name, attrs["bus"]["Id"], attrs["reason"]) == (phase, Id, "the other side is gone")
    assert pico.phases == (0, 0, 0)
