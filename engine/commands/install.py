"""`picomesh install`: a ruleset onto a pico, from a file or a URL."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.arguments import read_pairs
from engine.commands.client import EngineClient, engine_option, find_engine, local_url
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.texts import count_errors, diagnose, read_source, show_diagnostic

INSTALLED = ("io.picolabs.wrangler", "installedRIDs")
INSTALL = ("wrangler", "install_ruleset_request")


@click.command()
@click.argument("eci")
@click.argument("ruleset", metavar="FILE|URL")
@click.argument("configuration", nargs=-1, metavar="[KEY=VALUE]...")
@engine_option
@json_option
def install(eci: str, ruleset: str, configuration: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Install a ruleset on a pico.

    ECI is a channel of the pico; `root` stands for the root pico. The ruleset may be configured. A file
    is checked first and read by the engine itself, so both must be on the same machine. Installing it
    again brings a changed text into force; what the ruleset remembers stays.

    \b
    Examples:
      picomesh install root examples/counter/counter.krl
      picomesh install root https://example.org/shop.krl currency=EUR
    """
    address, config = local_url(ruleset), read_pairs(configuration)
    if address != ruleset:
        _check_file(ruleset)
    with find_engine(url) as engine:
        installed = install_ruleset(engine, eci, address, config)
    if as_json:
        print_json({"url": address, "installed": installed})
    else:
        console.print(f"[bold green]installed[/] {address}")
        console.print(f"[dim]on this pico now: {', '.join(installed)}[/]")


def install_ruleset(
    engine: EngineClient, eci: str, address: str, configuration: dict[str, object]
) -> list[str]:
    """Have the pico's Wrangler install it; the rulesets that the pico has then."""
    # Asked first, because a pico without Wrangler takes the event and does nothing.
    engine.query(eci, INSTALLED, {})
    engine.send_event(eci, INSTALL, {"url": address, "config": configuration})
    installed: list[str] = engine.query(eci, INSTALLED, {})
    return installed


def _check_file(name: str) -> None:
    if not Path(name).exists():
        raise Failure(f"there is no file {name}", "a ruleset elsewhere is named by its https: URL")
    source = read_source(name)
    found = diagnose(source)
    for one in found:
        show_diagnostic(one, source)
    if count_errors(found):
        raise Failure(f"{name} cannot be installed; what is wrong with it stands above")
