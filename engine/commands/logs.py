"""`picomesh logs`: what happens, a line for each event, of one pico or of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.failure import NoEngine
from engine.commands.live import Heard, listen
from engine.commands.output import console, json_option, print_json
from engine.commands.pico_names import Names
from engine.commands.telling import tell_origin

Tell = Callable[[Heard], None]


@click.command()
@click.argument("eci", required=False)
@click.option(
    "-n", "count", default=10, show_default=True, type=click.IntRange(0), help="How many events first."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on.")
@engine_option
@json_option
def logs(eci: str | None, count: int, follow: bool, url: str | None, as_json: bool) -> None:
    """Follow what happens, a line for each event.

    With ECI it is what happens to that pico, the last events first; without, what happens in the whole
    engine, from now on. An engine that is started again is waited for, and of one pico no event is missed.
    `picomesh log` says more of each.

    \b
    Examples:
      picomesh logs -f
      picomesh logs root -n 50
      picomesh logs root/Kitchen -f --json
    """
    if eci is None and not follow:
        raise click.UsageError("a whole engine is only followed: -f; or name a pico, such as root")
    with find_engine(url) as engine:
        names = Names(engine)
        tell: Tell = _print_json if as_json else lambda heard: _show(heard, names if eci is None else None)
        after = None if eci is None else _show_last(engine, eci, count, tell)
        if follow:
            _follow(engine, None if eci is None else engine.eci(eci), after, tell)


def _show_last(engine: EngineClient, eci: str, count: int, tell: Tell) -> str:
    """Where it goes on behind."""
    found = engine.past("log", eci=eci, n=max(count, 1))
    for event in found["events"][len(found["events"]) - count :] if count else ():
        tell(Heard("turn", str(event["seq"]), {"pico": found["pico"], **event}))
    return str(found["events"][-1]["seq"]) if found["events"] else "0"


def _follow(engine: EngineClient, eci: str | None, after: str | None, tell: Tell) -> None:
    try:
        for heard in listen(engine, eci, after):
            if heard.kind != "ready":
                tell(heard)
    except KeyboardInterrupt:
        return
    except NoEngine as gone:
        raise NoEngine(f"it has not come back: {gone.message}", gone.hint) from None


def _print_json(heard: Heard) -> None:
    print_json({"kind": heard.kind, **heard.data})


def _show(heard: Heard, names: Names | None) -> None:
    data = heard.data
    where = "" if names is None or "pico" not in data else f"  [cyan]{escape(names.of(data['pico']))}[/]"
    match heard.kind:
        case "turn":
            console.print(f"[dim]{_time(data)}[/]{where}  {_turn(data)}")
        case "born" | "ended":
            console.print(f"[dim]{_time(data)}[/]{where}  [bold]{heard.kind}[/]")
        case "gap":
            console.print("[yellow]more happened than could be told[/]")


def _time(data: dict[str, Any]) -> str:
    return str(data.get("time", ""))[11:23] or " " * 12


def _turn(data: dict[str, Any]) -> str:
    failed = data["outcome"] == "failed"
    colour = "bold red" if failed else "bold"
    fault = data.get("fault") or {}
    said = f" [red]{escape(str(fault.get('message', 'failed')))}[/]" if failed else ""
    source = f"from {tell_origin({'timer': None, 'sender': None, **data})}, {data['eid']}"
    return f"{data['seq']:>5} [{colour}]{escape(data['event'])}[/]{said}  [dim]{escape(source)}[/]"
