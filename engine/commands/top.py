"""`picomesh top`: an engine at work, live."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

import click
from rich import box
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.live import listen
from engine.commands.output import console, json_option, print_json
from engine.commands.pico_names import Names

WINDOW_S = 10.0
"""Of which events a second are the average."""
MOST = 10
"""Picos that are shown."""


@click.command()
@click.option(
    "--every", default=1.0, show_default=True, type=click.FloatRange(0.1), help="Seconds between looks."
)
@click.option(
    "--once", is_flag=True, help="Look for that long, show it, and end; so it is where there is no terminal."
)
@engine_option
@json_option
def top(every: float, once: bool, url: str | None, as_json: bool) -> None:
    """Watch an engine at work.

    Events a second, which picos have them, how long an answer takes, what waits, memory and disk. Ctrl-C
    ends it.

    \b
    Examples:
      picomesh top
      picomesh top --once --json
    """
    with find_engine(url) as engine:
        picture = engine.system()  # now, so that what is wrong is told before the screen changes
        traffic, names = Traffic(), Names(engine)
        threading.Thread(target=_count, args=(engine, traffic), daemon=True).start()
        if as_json or once or not console.is_terminal:
            time.sleep(every)
            picture = engine.system()
            print_json(describe(picture, traffic, names)) if as_json else console.print(
                draw(describe(picture, traffic, names)), soft_wrap=False
            )
            return
        _watch(engine, traffic, names, every)


def _watch(engine: EngineClient, traffic: Traffic, names: Names, every: float) -> None:
    try:
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while True:
                screen.update(_picture(engine, traffic, names), refresh=True)
                time.sleep(every)
    except KeyboardInterrupt:
        return


def _picture(engine: EngineClient, traffic: Traffic, names: Names) -> RenderableType:
    try:
        return draw(describe(engine.system(), traffic, names))
    except Failure as failure:
        return Text(f"{failure.message}\nit is waited for", style="yellow")


def _count(engine: EngineClient, traffic: Traffic) -> None:
    try:
        for heard in listen(engine):
            if heard.kind == "turn":
                traffic.note(str(heard.data["pico"]), heard.data["outcome"] == "failed")
    except Failure:
        return  # whoever draws the picture says so


class Traffic:
    """The events of the last seconds. One thread notes them, another counts."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._seen: deque[tuple[float, str, bool]] = deque()
        self._lock = threading.Lock()

    def note(self, pico: str, has_failed: bool) -> None:
        with self._lock:
            self._seen.append((time.monotonic(), pico, has_failed))

    def rates(self) -> tuple[dict[str, float], float]:
        """Events a second by pico, and how many of all fail a second."""
        now_s = time.monotonic()
        span_s = max(min(now_s - self._began_s, WINDOW_S), 0.001)
        with self._lock:
            while self._seen and self._seen[0][0] < now_s - WINDOW_S:
                self._seen.popleft()
            seen = list(self._seen)
        counts = Counter(pico for _, pico, _ in seen)
        failed = sum(has_failed for _, _, has_failed in seen)
        return {pico: count / span_s for pico, count in counts.most_common()}, failed / span_s


def describe(picture: Mapping[str, Any], traffic: Traffic, names: Names) -> dict[str, Any]:
    """What is shown, for programs."""
    rates, failed = traffic.rates()
    waiting = {one["pico"]: one["events"] for one in picture["queues"]["busiest"]}
    shown = list(dict.fromkeys([*rates, *waiting]))[:MOST]
    busy = [
        {
            "pico": pico,
            "name": names.of(pico),
            "events_per_s": round(rates.get(pico, 0.0), 2),
            "waiting": waiting.get(pico, 0),
        }
        for pico in shown
    ]
    return {
        "events_per_s": round(sum(rates.values()), 2),
        "failed_per_s": round(failed, 2),
        "busiest": busy,
        **{name: picture[name] for name in ("version", "now", "up_s", "picos", "queues", "room", "pace")},
    }


def draw(told: Mapping[str, Any]) -> RenderableType:
    queues, room, pace = told["queues"], told["room"], told["pace"]
    head = Table.grid(padding=(0, 2))
    tasks = f"{queues['errands']:,} errands, {queues['timers']['count']:,} timers"
    rows = (
        ("events", f"[bold]{told['events_per_s']:,.1f}[/]/s" + _failures(told["failed_per_s"])),
        ("answers", _pace(pace)),
        ("picos", f"{told['picos']['here']:,}, {told['picos']['awake']:,} awake"),
        ("waiting", f"{queues['events']:,} events, {tasks}"),
        ("memory", decimal(room["memory_peak"]) + " at most" if "memory_peak" in room else "?"),
        (
            "disk",
            f"{decimal(room['journal'])} journal, {decimal(room['free'])} free" if "free" in room else "?",
        ),
    )
    for name, text in rows:
        head.add_row(f"[dim]{name}[/]", text)
    title = (
        f"[bold]Picomesh {escape(told['version'])}[/] [dim]up {told['up_s']:,} s, {escape(told['now'])}[/]"
    )
    return Group(title, head, _busiest(told["busiest"]))


def _failures(failed_per_s: float) -> str:
    return f", [bold red]{failed_per_s:,.1f}/s fail[/]" if failed_per_s else ""


def _pace(pace: Mapping[str, Any]) -> str:
    if pace["median_ms"] is None:
        return "nobody has waited for one yet"
    return f"{pace['median_ms']:,.1f} ms, 99 of 100 within {pace['p99_ms']:,.1f} ms"


def _busiest(busy: list[dict[str, Any]]) -> Table:
    numbers = [Column(name, justify="right") for name in ("events/s", "waiting")]
    table = Table(Column("pico", no_wrap=True), *numbers, box=box.SIMPLE_HEAD)
    for one in busy:
        table.add_row(escape(one["name"]), f"{one['events_per_s']:,.1f}", f"{one['waiting']:,}")
    return table
