"""The tab with a pico's rulesets: what is installed, and the text of one in an editor."""

from __future__ import annotations

from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, settled
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.pico_pages import about, draw_tab
from engine.adapters.http.ui.rendering import is_page

BEGINNING = """ruleset my.first {
  meta {
    name "My first"
    version "1.0.0"
    shares greeting
  }

  global {
    greeting = function(name) {
      "Hello, " + name.defaultsTo("world")
    }
  }

  rule greet {
    select when hello greeted
    send_directive("greeting", { "text": greeting(event:attrs{"name"}) })
    always {
      ent:greeted := ent:greeted.defaultsTo(0) + 1
    }
  }
}
"""
"""What somebody begins with who writes a new one."""


@is_page
async def _rulesets(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    given = await request.parameters()
    rulesets = settled(await host.stock.of_pico(pico["id"]))["rulesets"]
    if "new" in given:
        return await draw_tab(
            host, request, "rulesets", rulesets=rulesets, chosen=None, text=BEGINNING, former=()
        )
    chosen = None if "rid" not in given else _choose(rulesets, given["rid"])
    text = None if chosen is None else settled(host.stock.text(chosen["cid"]))
    former = () if chosen is None else await _former(host, pico["id"], chosen["rid"])
    return await draw_tab(
        host, request, "rulesets", rulesets=rulesets, chosen=chosen, text=text, former=former
    )


def _choose(rulesets: list[dict[str, Any]], rid: object) -> dict[str, Any]:
    for one in rulesets:
        if one["rid"] == rid:
            return one
    raise Problem(404, "unknown", f"this pico has no ruleset {rid}", hint="it may have been uninstalled")


async def _former(host: Host, pico: str, rid: str) -> list[dict[str, Any]]:
    state = settled(await host.histories.state(pico))
    found: list[dict[str, Any]] = next(
        (one.get("former", []) for one in state["rulesets"] if one["rid"] == rid), []
    )
    return found


ROUTES: Routes = {
    "/ui/picos/{pico}/rulesets": Endpoint(
        _rulesets, "the web UI: its rulesets, and one in an editor", page("read")
    )
}
