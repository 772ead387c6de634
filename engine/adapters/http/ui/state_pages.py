"""The tabs with what a pico is: its state now or after any turn, its timers, and what running it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.pico_pages import about, draw_tab
from engine.adapters.http.ui.rendering import is_page
from engine.core.messages import Refusal
from engine.core.timekeeping import to_iso

MEASURED = 100
"""Turns that are run once more to see what they cost."""
BAR = 8
HEIGHT = 100
"""Of a bar, and of the highest one, in the drawing's own units."""


@is_page
async def _state(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    last, at = pico["seq"], _turn(await request.parameters(), pico["seq"])
    state = settled(await host.histories.state(pico["id"], at))
    first = await _first(host, pico["id"], last)
    since = await host.histories.differences(pico["id"], at - 1, at) if at > first else None
    until = await host.histories.differences(pico["id"], at, last) if at < last else None
    return await draw_tab(
        host,
        request,
        "state",
        state=state,
        at=at,
        first=first,
        last=last,
        since=_told(since),
        until=_told(until),
    )


def _turn(given: Mapping[str, Any], last: int) -> int:
    text = given.get("at")
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 16
    return min(int(str(text)), last) if is_number else last


async def _first(host: Host, pico: str, last: int) -> int:
    """The oldest turn whose state is known: 0, unless the pico has come from elsewhere."""
    if not isinstance(await host.histories.pico(pico, 0), Refusal):
        return 0
    low, high = 1, last
    while low < high:
        middle = (low + high) // 2
        if isinstance(await host.histories.pico(pico, middle), Refusal):
            low = middle + 1
        else:
            high = middle
    return low


def _told(found: Any) -> list[dict[str, Any]] | None:
    return None if found is None or isinstance(found, Refusal) else found["differences"]


@is_page
async def _timers(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    state = settled(await host.histories.state(pico["id"]))
    timers = sorted(state["timers"], key=lambda one: one["due"])
    return await draw_tab(
        host, request, "timers", timers=[{**one, "due": to_iso(one["due"])} for one in timers]
    )


@is_page
async def _cost(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    log = settled(await host.histories.log(pico["id"], MEASURED, full=True))
    turns = [one for one in log["events"] if "microseconds" in one]
    state = settled(await host.histories.state(pico["id"]))
    return await draw_tab(
        host,
        request,
        "cost",
        turns=turns,
        bars=_bars(turns),
        by_event=_sum_up((one["event"], one["microseconds"], one["steps"]) for one in turns),
        by_rule=_sum_up(_steps_of_rules(turns)),
        total_us=sum(one["microseconds"] for one in turns),
        bytes=len(encode(state)),
    )


def _bars(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    most = max((one["microseconds"] for one in turns), default=1) or 1
    return [
        {"turn": one, "x": place * (BAR + 2), "height": max(1, round(HEIGHT * one["microseconds"] / most))}
        for place, one in enumerate(turns)
    ]


def _steps_of_rules(turns: list[dict[str, Any]]) -> Iterable[tuple[str, int, int]]:
    for turn in turns:
        for event in turn.get("events", ()):
            for rule in event["rules"]:
                yield f"{rule['rid']}/{rule['rule']}", 0, rule["steps"]


def _sum_up(figures: Iterable[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """For each name how often, and how much: the most expensive first."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for name, microseconds, steps in figures:
        found[name].append((microseconds, steps))
    told = [
        {
            "name": name,
            "times": len(those),
            "microseconds": sum(us for us, _ in those),
            "steps": sum(steps for _, steps in those),
        }
        for name, those in found.items()
    ]
    return sorted(told, key=lambda one: (-int(one["microseconds"]), -int(one["steps"])))


ROUTES: Routes = {
    "/ui/picos/{pico}/state": Endpoint(
        _state, "the web UI: its state, after turn ?at=… if given, and what differs", page("read")
    ),
    "/ui/picos/{pico}/timers": Endpoint(_timers, "the web UI: what it has scheduled", page("read")),
    "/ui/picos/{pico}/cost": Endpoint(_cost, "the web UI: what running its last turns costs", page("read")),
}
