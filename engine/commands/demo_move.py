"""`picomesh demo move`: a pico moves between two engines under a stream of events, and counts each once.

Everything happens in a temporary folder and on loopback, with the same engines that `serve` runs.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from engine.commands.failure import Failure
from engine.commands.following import Course, Followers
from engine.commands.output import console
from engine.commands.traffic import judge
from engine.commands.two_engines import NAMES, Journey, TwoEngines, Wanderer

STAY_S = 1.0
"""For which it stays where it is, so that one can watch it count."""
LINES = 12
"""Of the log that are shown."""
ROAD = 36
"""Columns between the two engines on the picture."""
REDRAWS = 12
"""Each second."""


@click.command()
@click.option("--moves", type=click.IntRange(1, 1000), default=6, help="How often it moves [6].")
@click.option("--senders", type=click.IntRange(1, 64), default=4, help="How many send it events [4].")
def move(moves: int, senders: int) -> None:
    """Watch a pico move between two engines.

    Starts both in a temporary folder, has them meet, and makes a pico that counts. It is sent events without
    end, moves to the other engine and back again, by a rule of its own, and in the end every event was
    counted once. What senders notice of a move is the pause: the longest that one waited for an answer.

    \b
    Examples:
      picomesh demo move
      picomesh demo move --moves 20 --senders 16
    """
    try:
        with tempfile.TemporaryDirectory(prefix="picomesh-demo-") as folder:
            _play(Path(folder), moves, senders)
    except KeyboardInterrupt:
        console.print("\nstopped; both engines are gone, and so is what they wrote")


@dataclass
class Scene:
    """All that is to be seen."""

    moves: int
    course: Course = field(default_factory=Course)
    place: str = NAMES[0]
    goes_to: str | None = None
    began_s: float = field(default_factory=time.monotonic)
    done: list[tuple[Journey, float]] = field(default_factory=list)
    """Each move, and the pause that senders saw."""
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))

    @property
    def count(self) -> int:
        return len(self.course.acknowledged)

    @property
    def rate(self) -> float:
        return self.count / max(time.monotonic() - self.began_s, 0.001)


Say = Callable[[str], None]


def _play(folder: Path, moves: int, senders: int) -> None:
    with ExitStack() as stack:
        console.print("[bold]Two engines[/] start, each in a home of its own, and get to know each other")
        engines = stack.enter_context(TwoEngines(folder))
        for name, process, client in zip(NAMES, engines.processes, engines.clients, strict=True):
            console.print(f"   {name}   {client.url}, process {process.pid}")
        engines.introduce()
        wanderer = Wanderer(engines)
        console.print(f"[bold]A pico[/] below the root of {NAMES[0]} counts, by the channel {wanderer.eci}")
        console.print(
            f"[bold]{senders} senders[/] send it events as fast as they can, and it moves {moves} times\n"
        )
        followers = Followers(engines.urls, wanderer.eci, senders)
        scene = Scene(moves, followers.course)
        followers.start()
        try:
            _wander(wanderer, scene)
        finally:
            followers.stop()
        _prove(wanderer, scene)
        engines.stop()


def _wander(wanderer: Wanderer, scene: Scene) -> None:
    if not console.is_terminal:
        _move_about(wanderer, scene, lambda line: console.print(line))
        return
    with Live(
        get_renderable=lambda: draw(scene), console=console, refresh_per_second=REDRAWS, transient=True
    ):
        _move_about(wanderer, scene, scene.log.append)
    for line in scene.log:
        console.print(line)


def _move_about(wanderer: Wanderer, scene: Scene, say: Say) -> None:
    time.sleep(STAY_S)
    for number in range(1, scene.moves + 1):
        scene.goes_to = wanderer.next_place
        began_s = time.monotonic()
        journey = wanderer.move("the demo wants it to")
        time.sleep(STAY_S)
        pause_s = scene.course.slowest_since(began_s)
        scene.place, scene.goes_to = wanderer.place, None
        scene.done.append((journey, pause_s))
        say(_tell(number, journey, pause_s, scene, wanderer.journal()[-1]))


def _tell(number: int, journey: Journey, pause_s: float, scene: Scene, entry: dict[str, Any]) -> str:
    return (
        f"[dim]{entry['at'][11:23]}[/]  {number:>3}  {journey.origin} → [bold]{journey.to}[/]"
        f"   pause [bold]{pause_s * 1000:>5.0f} ms[/]   {journey.took_s * 1000:>5.0f} ms in all"
        f"   counted [bold]{scene.count:>7,}[/]   [dim]{escape(entry['what'])}: {escape(entry['why'])}[/]"
    )


def draw(scene: Scene) -> RenderableType:
    """The picture as it is now."""
    road = Table.grid(expand=False, padding=(0, 2))
    road.add_row(*(_draw_engine(scene, name) for name in _in_order(scene)))
    facts = Text.from_markup(
        f"counted [bold]{scene.count:,}[/]   {scene.rate:,.0f} events/s   "
        f"moves [bold]{len(scene.done)}[/] of {scene.moves}{_tell_last(scene)}"
    )
    lines = [Text.from_markup(line) for line in scene.log]
    return Group(road, Text(), facts, Text(), *lines)


def _in_order(scene: Scene) -> list[str]:
    first, second = NAMES
    return [first, "", second]


def _draw_engine(scene: Scene, name: str) -> RenderableType:
    if not name:
        return _draw_road(scene)
    is_here = scene.place == name and scene.goes_to is None
    inside = Text("● counter" if is_here else "", style="bold green", justify="center")
    return Panel(inside, title=name, width=24, box=box.ROUNDED, border_style="green" if is_here else "dim")


def _draw_road(scene: Scene) -> RenderableType:
    if scene.goes_to is None:
        return Text("\n" + "·" * ROAD, style="dim")
    part = int((time.monotonic() * 2 % 1) * (ROAD - 1))
    place = part if scene.goes_to == NAMES[1] else ROAD - 1 - part
    return Text.assemble("\n", ("·" * place, "dim"), ("●", "bold yellow"), ("·" * (ROAD - 1 - place), "dim"))


def _tell_last(scene: Scene) -> str:
    if not scene.done:
        return ""
    journey, pause_s = scene.done[-1]
    return f"   last: to {journey.to}, pause [bold]{pause_s * 1000:.0f} ms[/]"


def _prove(wanderer: Wanderer, scene: Scene) -> None:
    sent = [one.ticket for one in scene.course.acknowledged]
    counted: dict[str, int] = wanderer.here.query(wanderer.eci, ("counter", "tickets"), {})
    verdict = judge(sent, counted)
    pauses = sorted(pause_s * 1000 for _, pause_s in scene.done)
    console.print(
        f"\n[bold]{len(sent):,}[/] events were acknowledged, lost {_good(verdict.lost)}, "
        f"doubled {_good(verdict.doubled)}, without an answer {_good(scene.course.unanswered)}"
    )
    console.print(
        f"the pause: {pauses[0]:.0f} ms at the shortest, {pauses[len(pauses) // 2]:.0f} in the middle, "
        f"{pauses[-1]:.0f} at the longest"
    )
    if not verdict.is_clean or scene.course.unanswered:
        raise Failure(f"events were lost or doubled: {verdict}")


def _good(tickets: object) -> str:
    count = len(tickets) if isinstance(tickets, list | tuple) else 0
    return f"[bold {'red' if count else 'green'}]{count}[/]"
