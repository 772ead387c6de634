"""`picomesh serve`: an engine on a home, until somebody stops it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import click
import structlog
import uvloop
from rich.markup import escape

from engine.adapters.http import (
    CannotListen,
    Desk,
    DuplexLimits,
    GateRules,
    Limits,
    RateLimit,
    RunFile,
    follow_time,
    is_loopback,
    listen,
    make_app,
    remove_run_file,
    serve_until_stopped,
    url_of,
    write_run_file,
)
from engine.adapters.keys import KeysUnusable
from engine.adapters.local.allocator import have_few_arenas
from engine.adapters.local.home import HomeBusy
from engine.adapters.local.schema import JournalUnreadable
from engine.adapters.logs import configure_logs
from engine.commands.failure import CannotStart
from engine.commands.hints import example, program
from engine.commands.mcp_face import LateFace
from engine.commands.output import console
from engine.commands.passphrase import find_passphrase, tell_protection
from engine.commands.settings import read_settings
from engine.commands.whereabouts import forget_home, note_home
from engine.config import BadSetting, Settings, default_home
from engine.ports import JournalFailed
from engine.runtime.garbage import COLLECTOR
from engine.version import VERSION
from engine.wiring import Engine, open_engine

log = structlog.get_logger("picomesh")

LEAVING_S = 2.0
"""What a plugin has begun may take so long to end when the engine has."""

MAKE_ROOM = "make room on the disk and start again; what was acknowledged is kept"


SWITCH_S = 0.0005
"""For so long a thread that makes something large may keep the interpreter from the event loop. Python's own
five milliseconds are several times what a request takes."""


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The folder the engine lives in [~/.picomesh].")
@click.option("--host", help="The address to listen on [127.0.0.1]; any other lets others in.")
@click.option("--port", type=int, help="The port to listen on [3000]; 0 takes a free one.")
@click.option(
    "--open-ui",
    is_flag=True,
    default=None,
    help="For old clients on this machine: /api/ui-context and /api/flush need no login.",
)
@click.option(
    "--virtual-clock",
    is_flag=True,
    default=None,
    help="For tests: it is the time that requests give in the header Picomesh-Time.",
)
@click.option("--log-format", help="auto, console or json [auto].")
@click.option("--log-level", help="debug, info, warning or error [info].")
def serve(**flags: Any) -> None:
    """Run an engine. It needs no configuration: its home and root pico are made if there are none.

    Ctrl-C or SIGTERM lets requests under way finish and exits with 0. What was acknowledged survives
    any other end too. `picomesh settings` lists what else can be set.

    \b
    Examples:
      picomesh serve
      picomesh serve --home ./my-engine --port 4000
    """
    have_few_arenas()
    settings = read_settings(**flags)
    configure_logs(sys.stderr, settings.log_format, settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings))
        leaving = _leave_within(LEAVING_S)
    leaving.cancel()


def _leave_within(seconds: float) -> Timer:
    """Everything is durable and let go of by now. Python would wait for what a plugin has begun, be it a
    thread, without end."""

    def leave() -> None:
        log.warning("the process ends although something, of a plugin perhaps, does not")
        sys.stdout.flush()
        os._exit(0)

    timer = Timer(seconds, leave)
    timer.daemon = True
    timer.start()
    return timer


async def _run(settings: Settings) -> None:
    # The home comes first: an engine that runs there already is better news than its port in use.
    engine = await _open(settings)
    COLLECTOR.start()
    tidying = asyncio.create_task(COLLECTOR.collect_all(lambda: engine.host.is_quiet))
    sys.setswitchinterval(SWITCH_S)
    try:
        await _serve(engine, settings)
    finally:
        tidying.cancel()
        remove_run_file(settings.home)
        forget_home(settings.home)
        await engine.close()
    log.info("engine stopped", home=str(settings.home))


async def _open(settings: Settings) -> Engine:
    try:
        return await open_engine(settings, passphrase=find_passphrase(settings))
    except (HomeBusy, JournalUnreadable, KeysUnusable, BadSetting) as error:
        raise CannotStart(str(error)) from None
    except JournalFailed as error:
        raise CannotStart(f"{settings.home}: {error}", MAKE_ROOM) from None
    except OSError as error:
        raise _unusable(settings.home, error) from None


def _unusable(home: Path, error: OSError) -> CannotStart:
    return CannotStart(f"the home {home} cannot be used: {error.strerror}", "--home names another folder")


async def _serve(engine: Engine, settings: Settings) -> None:
    try:
        listener = listen(settings.host, settings.port)
    except CannotListen as error:
        raise CannotStart(str(error)) from None
    if settings.open_ui and not is_loopback(listener):
        raise CannotStart(
            f"with open_ui anybody who reaches {settings.host} would command this engine",
            "open_ui goes with loopback alone: leave --host out, or --open-ui",
        )
    url, root_eci = url_of(listener), engine.host.root_eci()

    assert engine.host.mail is not None, "an engine with a home has keys"
    engine.host.mail.reached_at(settings.public_url or url)
    if engine.host.sealing is not None:
        engine.host.sealing.start()

    access = engine.host.access
    token, link = access.admit_owner(), f"{url}/login?code={access.make_link()}"

    def announce() -> None:
        _greet(settings, url, root_eci, link)
        log.info("engine started", url=url, home=str(settings.home), version=VERSION)
        if settings.virtual_clock:
            console.print("[yellow]Its clock stands still: requests move it with Picomesh-Time.[/]\n")
        if not is_loopback(listener):
            console.print("[yellow]Others can reach this engine; who knows a channel can use it.[/]\n")
        if settings.open_ui:
            console.print("[yellow]Whoever uses this machine can command it without a login (open_ui).[/]\n")
        try:
            engine.lock.announce(url)
            # Last: who has waited for it finds everything said.
            note_home(settings.home, (url, settings.public_url))
            write_run_file(settings.home, RunFile(url, os.getpid(), root_eci, token))
        except OSError as error:
            raise _unusable(settings.home, error) from None

    assistants = LateFace(Desk(engine.host))
    app = make_app(
        engine.host,
        Limits(settings.body_limit, settings.json_depth, settings.ruleset_limit),
        DuplexLimits(settings.websockets, settings.websocket_idle_s, settings.websockets_per_address),
        _gate_rules(settings),
        RateLimit(settings.rate_per_address, settings.rate_burst, settings.rate_on_loopback),
        assistants,
    )
    if engine.virtual_time is not None:
        app = follow_time(app, engine.virtual_time.reach)
    try:
        await serve_until_stopped(
            app,
            listener,
            settings.drain_s,
            announce,
            engine.journal.failed,
            settings.body_limit,
            engine.host.feed.close,
        )
    finally:
        await assistants.close()
    if engine.journal.failure is not None:
        raise CannotStart(f"the engine has to stop: {engine.journal.failure}", MAKE_ROOM)


def _gate_rules(settings: Settings) -> GateRules:
    public = urlsplit(settings.public_url)
    names = [*settings.hosts.replace(",", " ").lower().split(), public.hostname or ""]
    origins = {f"{public.scheme}://{public.netloc}"} if public.netloc else set()
    return GateRules(frozenset(filter(None, names)), frozenset(origins), settings.open_ui)


def _greet(settings: Settings, url: str, root_eci: str, link: str) -> None:
    elsewhere = "" if settings.home == default_home() else f" --url {url}"
    console.print(
        f"\n[bold]Picomesh {VERSION}[/] is running.\n\n"
        f"  URL       [cyan]{escape(url)}[/]\n"
        f"  home      {escape(str(settings.home))}\n"
        f"  root ECI  {escape(root_eci)}\n"
        f"  keys      {escape(tell_protection(settings.home))}\n"
        f"  login     [cyan]{escape(link)}[/]\n"
        f"            [dim]lets a browser in, once; `{escape(program())} login` makes another[/]\n\n"
        f"Next, in another terminal:\n\n"
        f"  {escape(f'{program()} install root {example()}{elsewhere}')}\n\n"
        f"[dim]Ctrl-C stops it.[/]\n"
    )
