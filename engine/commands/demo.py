"""`picomesh demo`: an engine is killed in the middle of its work, and nothing acknowledged is lost.

Everything happens in a temporary folder and on loopback, with the same engine that `serve` runs.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.markup import escape

from engine.commands.client import EngineClient
from engine.commands.demo_move import move
from engine.commands.failure import Failure
from engine.commands.hints import counter_ruleset, example, program
from engine.commands.install import install_ruleset
from engine.commands.output import console
from engine.commands.process import EngineProcess
from engine.commands.pushing import push_file
from engine.commands.traffic import INCREMENT, Senders, Traffic, count_tickets, judge, send_again
from engine.core.cids import to_url

SENDERS = 8
LEAST, MOST = 150, 450
"""The engine is killed after a number of acknowledged events between these, drawn anew each time."""


@click.group(invoke_without_command=True)
@click.pass_context
def demo(context: click.Context) -> None:
    """Watch an engine survive SIGKILL, or a move.

    Without another word: starts an engine in a temporary home, installs a counter, sends it events, kills
    the process with SIGKILL in the middle of a stream, starts it again, and proves that every acknowledged
    event is there once.

    \b
    Examples:
      picomesh demo
      picomesh demo move
    """
    if context.invoked_subcommand is None:
        _survive()


demo.add_command(move)


def _survive() -> None:
    with tempfile.TemporaryDirectory(prefix="picomesh-demo-") as folder:
        process = EngineProcess(Path(folder) / "home")
        try:
            _play(process)
        finally:
            process.end()
    _say_next()


def _play(process: EngineProcess) -> None:
    engine = _start(process)
    root = engine.root_eci()
    _install(engine, root)
    _count(engine, root)
    traffic = _kill_in_a_stream(process, engine, root)
    engine = _start_again(process)
    _prove(engine, root, traffic)
    _repeat(engine, root, traffic)
    process.stop()


def _start(process: EngineProcess) -> EngineClient:
    with _scene("1", "An engine starts, on an empty home"):
        engine = process.start()
        console.print(f"   {engine.url}, process {process.pid}")
    return engine


def _install(engine: EngineClient, root: str) -> None:
    with _scene("2", "A ruleset is installed on its root pico"):
        path = counter_ruleset()
        install_ruleset(engine, root, to_url(push_file(engine, str(path))["hash"]), {})
        console.print(f"   {escape(str(path))}")


def _count(engine: EngineClient, root: str) -> None:
    with _scene("3", "Events are sent, and a rule answers each with a directive"):
        for by in (1, 2, 39):
            reply = engine.send_event(root, INCREMENT, {"by": by})
            for directive in reply["directives"]:
                said = f"[green]{directive['name']}[/] {escape(json.dumps(directive['options']))}"
                console.print(f"   counter:increment by={by:<3} →  {said}")
        console.print(
            f"   query counter/count        →  [bold]{engine.query(root, ('counter', 'count'), {})}[/]"
        )


def _kill_in_a_stream(process: EngineProcess, engine: EngineClient, root: str) -> Traffic:
    goal = random.randint(LEAST, MOST)
    with _scene("4", f"{SENDERS} senders send as fast as they can, and the engine is killed with SIGKILL"):
        senders = Senders(engine.url, root, SENDERS, "ticket")
        senders.start()
        senders.wait_acknowledged(goal)
        process.kill()
        traffic = senders.wait_gone()
        console.print(f"   acknowledged before it died   [bold]{len(traffic.acknowledged)}[/]")
        console.print(f"   sent, but never answered      [bold]{len(traffic.unanswered)}[/]")
    return traffic


def _start_again(process: EngineProcess) -> EngineClient:
    with _scene("5", "It is started again on the same home"):
        began = time.monotonic()
        engine = process.start()
        console.print(f"   it answers after {time.monotonic() - began:.1f} s, process {process.pid}")
    return engine


def _prove(engine: EngineClient, root: str, traffic: Traffic) -> None:
    with _scene("6", "Every acknowledged event is there, once"):
        counted = count_tickets(engine, root)
        verdict = judge(traffic.acknowledged, counted)
        also = len(counted) - len(traffic.acknowledged) + len(verdict.lost)
        console.print(f"   acknowledged {len(traffic.acknowledged)}, lost {_good(verdict.lost)}", end="")
        console.print(f", doubled {_good(verdict.doubled)}")
        console.print(f"   [dim]{also} of the unanswered had been committed too; only the answer was lost[/]")
        if not verdict.is_clean:
            raise Failure(f"events were lost or doubled: {verdict}")


def _repeat(engine: EngineClient, root: str, traffic: Traffic) -> None:
    with _scene("7", "The unanswered are sent again with their old ids; none is counted twice"):
        send_again(engine, root, traffic.unanswered)
        everything = [*traffic.acknowledged, *traffic.unanswered]
        counted = count_tickets(engine, root)
        verdict = judge(everything, counted)
        console.print(f"   sent {len(everything)}, counted [bold green]{sum(counted.values())}[/]")
        if not verdict.is_clean or len(counted) != len(everything):
            raise Failure(f"events were lost or doubled: {verdict}")


@contextmanager
def _scene(number: str, title: str) -> Iterator[None]:
    console.print(f"\n[bold cyan]{number}[/]  [bold]{title}[/]")
    yield


def _good(tickets: tuple[str, ...]) -> str:
    return f"[bold {'red' if tickets else 'green'}]{len(tickets)}[/]"


def _say_next() -> None:
    name = escape(program())
    console.print(
        "\n[bold]Now yours:[/]\n\n"
        f"  {name} serve     [dim]and in another terminal:[/]\n"
        f"  {name} install root {escape(example())}\n"
        f"  {name} send root counter:increment by=5\n"
        f"  {name} query root counter/count\n"
    )
