"""`picomesh install`: a ruleset onto a pico, from a file, a URL or the engine's own store."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from engine.commands.arguments import read_pairs
from engine.commands.client import EngineClient, engine_option, find_engine, ruleset_url
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.pushing import push_file
from engine.core.cids import SCHEME

INSTALLED = ("io.picolabs.wrangler", "installedRIDs")
INSTALL = ("wrangler", "install_ruleset_request")
QUARANTINED = "R615"


@click.command()
@click.argument("eci")
@click.argument("ruleset", metavar="FILE|URL|CID")
@click.argument("configuration", nargs=-1, metavar="[KEY=VALUE]...")
@engine_option
@json_option
def install(eci: str, ruleset: str, configuration: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Install a ruleset on a pico.

    ECI is a channel of the pico; `root` stands for the root pico. The ruleset may be configured. A file
    is checked and its text sent to the engine, wherever that is, with its signature (FILE.sig) if there
    is one. Installing it again brings a changed text into force; what the ruleset remembers stays. What
    is behind a URL is read by the engine, and ipfs://CID names a text that it keeps (`picomesh
    rulesets`), or else has in its stores of blocks or its IPFS nodes.

    \b
    Examples:
      picomesh install root examples/counter/counter.krl
      picomesh install root https://example.org/shop.krl currency=EUR
    """
    address, config = ruleset_url(ruleset), read_pairs(configuration)
    with find_engine(url) as engine:
        pushed = push_file(engine, ruleset) if address is None else {}
        where = address or f"{SCHEME}://{pushed['cid']}"
        installed = install_ruleset(engine, eci, where, config)
    if as_json:
        print_json({"url": where, "installed": installed, **pushed})
    else:
        console.print(f"[bold green]installed[/] {escape(_describe(pushed) if pushed else ruleset)}")
        console.print(f"[dim]on this pico now: {', '.join(installed)}[/]")


def _describe(pushed: dict[str, Any]) -> str:
    version = "" if pushed["version"] is None else f" {pushed['version']}"
    signed = f", signed by {', '.join(pushed['signedBy'])}" if pushed["signedBy"] else ""
    return f"{pushed['rid']}{version} ({pushed['cid']}{signed})"


def install_ruleset(
    engine: EngineClient, eci: str, address: str, configuration: dict[str, object]
) -> list[str]:
    """Have the pico's Wrangler install it; the rulesets that the pico has then."""
    # Asked first, because a pico without Wrangler takes the event and does nothing.
    try:
        engine.query(eci, INSTALLED, {})
    except Failure as failure:
        if failure.code != QUARANTINED:
            raise
        return _install_past_wrangler(engine, eci, address, configuration)
    engine.send_event(eci, INSTALL, {"url": address, "config": configuration})
    installed: list[str] = engine.query(eci, INSTALLED, {})
    return installed


def _install_past_wrangler(
    engine: EngineClient, eci: str, address: str, configuration: dict[str, object]
) -> list[str]:
    """Have the engine do what a Wrangler that does not run cannot, such as installing a mended one."""
    click.secho("Wrangler is quarantined here, so the engine itself installs it", fg="yellow", err=True)
    engine.install(eci, address, configuration)
    return [one["rid"] for one in engine.past("state", eci=eci)["rulesets"]]
