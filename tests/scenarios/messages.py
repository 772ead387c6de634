"""Engines of a scenario that are started again where they were, as their DIDs say where that is."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from engine.commands.client import EngineClient
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess

PATIENCE_S = 60.0
"""Whoever was away for a few seconds is found back within two; the rest is for busy machines."""

PENPAL = """
ruleset penpal {
  meta { shares seen, errors }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
  }
  rule open {
    select when pen open
    every {
      ctx:newChannel(["pen"], event:attrs{"policy"}) setting(channel)
      send_directive("channel", {"eci": channel{"id"}, "did": ctx:did(channel{"id"})})
    }
  }
  rule post {
    select when pen post
    event:send({"eci": event:attrs{"did"}, "from": event:attrs{"from"}, "domain": "pen", "type": "letter",
                "attrs": {"n": event:attrs{"n"}, "answer": event:attrs{"answer"}, "at": event:attrs{"from"}}})
    fired { ent:posted := ent:posted.defaultsTo(0) + 1 }
  }
  rule arrive {
    select when pen letter
    send_directive("read", {"n": event:attrs{"n"}, "from": event:sender})
    fired {
      ent:seen := seen().append(event:attrs{"n"});
    }
  }
  rule answer {
    select when pen letter where event:attrs{"answer"}
    event:send({"eci": event:sender, "from": event:eci, "domain": "pen", "type": "letter",
                "attrs": {"n": "re: " + event:attrs{"n"}}})
  }
  rule hear {
    select when didcomm basicmessage_message
    fired { ent:seen := seen().append(event:attrs{"body"}{"content"}) }
  }
  rule fail {
    select when system error
    fired { ent:errors := errors().append(event:attrs{"data"}) }
  }
}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def neighbour(home: Path) -> EngineProcess:
    """An engine at a port of its own, whose picos may write to others on this machine."""
    home.mkdir(parents=True)
    (home / "picomesh.toml").write_text('http_private = ["127.0.0.1"]\n')
    return EngineProcess(home, "--port", str(free_port()))


def wait_until(condition: Callable[[], bool]) -> None:
    """Of processes of their own nobody tells us when they are done. It gives up in silence; then the test
    says what is missing."""
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def befriend(client: EngineClient, folder: Path) -> tuple[str, str]:
    """Its root becomes somebody who writes letters; the channel for that, and its DID."""
    file = folder / "penpal.krl"
    file.write_text(PENPAL)
    install_ruleset(client, "root", file.as_uri(), {})
    told = client.send_event("root", ("pen", "open"), {})["directives"][0]["options"]
    return told["eci"], told["did"]
