"""`picomesh engines`: other engines; meeting, trusting, forgetting them; whose picos may come."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.engines_shown import show_engine, show_engines, show_policy
from engine.commands.output import console, json_option, print_json

F = TypeVar("F", bound=Callable[..., Any])

UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
DAY_H = 24.0


class Size(click.ParamType[int]):
    """Bytes, as people write them: 500000, 64 MiB, 1.5G."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"'{value}' is no size; some are 500000, 64MiB, 1.5G", param, ctx)
        return int(float(found[1]) * (1 << UNITS[found[2].lower()]))


trust_option = click.option("--trust", is_flag=True, help="Trust it from the beginning.")
name_option = click.option("--name", metavar="NAME", help="What it is called here; else as it calls itself.")


@click.group()
def engines() -> None:
    """Other engines: who they are, who may come.

    Meet them, trust them, and say whose picos may come.

    Engines meet by an invitation of one of them; then each looks now and then how well it reaches the other,
    and hears what it offers: features, room, price. What an engine says of itself is signed with its key, and
    others may pass it on.

    \b
    Examples:
      picomesh engines invite                    here, and give the URL to the other owner
      picomesh engines add 'http://…?_oob=…'     there
      picomesh engines trust attic
      picomesh engines accept --who trusted
    """


@engines.command("list")
@click.option("--all", "all_", is_flag=True, help="Also those that others have told of.")
@click.option("--now", is_flag=True, help="Look at each of them first.")
@engine_option
@json_option
def list_(all_: bool, now: bool, url: str | None, as_json: bool) -> None:
    """Show the engines that this one knows.

    Round trip and success are averages in which the newest count most. Free is what there is room for; price
    is in whole units for a pico and a day.

    \b
    Examples:
      picomesh engines list
      picomesh engines list --all --json
    """
    with find_engine(url) as engine:
        told = engine.engines(all_, now)
    print_json(told) if as_json else show_engines(told, all_)


@engines.command()
@click.option(
    "--hours", type=click.FloatRange(0, min_open=True), default=DAY_H, help="How long it counts [24]."
)
@click.option("--forever", is_flag=True, help="It has no end.")
@click.option("--many", is_flag=True, help="Any number of engines may accept it; else the first one.")
@trust_option
@engine_option
@json_option
def invite(hours: float, forever: bool, many: bool, trust: bool, url: str | None, as_json: bool) -> None:
    """Make an invitation to another engine.

    It is a URL for the other engine's owner, who gives it to `picomesh engines add`. Who has it can accept
    it.

    \b
    Examples:
      picomesh engines invite
      picomesh engines invite --trust --hours 1
    """
    lasts = None if forever else hours * 3600
    with find_engine(url) as engine:
        shown = engine.change_engines("invite", lasts=lasts, once=not many, trust=_trust(trust))
    if as_json:
        print_json(shown)
        return
    click.echo(shown["url"])
    who = "any number of engines" if many else "the first engine that accepts it"
    until = "without end" if forever else f"for {hours:g} hours"
    console.print(f"[dim]for {who}, {until}; on the other one: picomesh engines add 'URL'[/]")


@engines.command()
@click.argument("invitation", metavar="URL-OR-TEXT")
@name_option
@trust_option
@engine_option
@json_option
def add(invitation: str, name: str | None, trust: bool, url: str | None, as_json: bool) -> None:
    """Meet another engine by its invitation.

    URL-OR-TEXT is what `picomesh engines invite` prints there. Afterwards both know each other. An engine
    that knows this one already can be met again by its DID alone.

    \b
    Examples:
      picomesh engines add 'http://127.0.0.1:4000/invitation?_oob=eyJ0eXAi…'
      picomesh engines add 'http://127.0.0.1:4000/invitation?_oob=eyJ0eXAi…' --name attic --trust
    """
    with find_engine(url) as engine:
        known = engine.change_engines("add", invitation=invitation, name=name, trust=_trust(trust))
    if as_json:
        print_json(known)
        return
    console.print(f"this engine and [bold]{escape(known['name'])}[/] know each other now")
    show_engine(known)


@engines.command()
@click.argument("engine", metavar="ENGINE")
@click.option("--as", "level", type=click.Choice(["known", "trusted", "blocked"]), help="How far [trusted].")
@name_option
@engine_option
@json_option
def trust(engine: str, level: str | None, name: str | None, url: str | None, as_json: bool) -> None:
    """Say how far an engine is trusted here, or call it otherwise.

    ENGINE is its name, the short form of its DID, or its DID. From trusted engines more may come
    (`picomesh engines accept --who trusted`), and picos may be told to prefer
    them. Nothing of a blocked one is heard.

    \b
    Examples:
      picomesh engines trust attic
      picomesh engines trust attic --as blocked
      picomesh engines trust attic --as known --name "Bob's attic"
    """
    given = level or (None if name else "trusted")
    with find_engine(url) as client:
        known = client.change_engines("change", engine=engine, trust=given, name=name)
    if as_json:
        print_json(known)
    else:
        show_engine(known)


@engines.command()
@click.argument("engine", metavar="ENGINE")
@engine_option
@json_option
def remove(engine: str, url: str | None, as_json: bool) -> None:
    """Forget an engine, and tell it so.

    ENGINE is its name, the short form of its DID, or its DID. Picos that came from there stay. To hear
    nothing of it any more, block it: `picomesh engines trust ENGINE --as blocked`.

    \b
    Examples:
      picomesh engines remove attic
    """
    with find_engine(url) as client:
        told = client.change_engines("remove", engine=engine)
    if as_json:
        print_json(told)
        return
    heard = "and it has heard so" if told["has_heard"] else "though it has not heard so"
    console.print(f"[bold]{escape(told['name'])}[/] is not known here any more, {heard}")


@engines.command()
@click.option(
    "--who", type=click.Choice(["nobody", "trusted", "known", "anyone"]), help="Picos of which engines."
)
@click.option(
    "--also", "dids", multiple=True, metavar="DID", help="And of this engine, owner or guardian; may repeat."
)
@click.option(
    "--picos", "most_picos", type=click.IntRange(0), metavar="N", help="So many may be here at a time."
)
@click.option("--bytes", "most_bytes", type=Size(), metavar="SIZE", help="So big may one be.")
@click.option(
    "--total", "total_bytes", type=Size(), metavar="SIZE", help="So big may all of them be together."
)
@click.option(
    "--ruleset",
    "rulesets",
    multiple=True,
    metavar="WHICH",
    help="With no others than this one: a rid, a CID, or the key of an author; may repeat.",
)
@click.option("--any-ruleset", is_flag=True, help="Whatever rulesets they have.")
@click.option("--nobody-else", is_flag=True, help="Forget all who were named with --also.")
@click.option("--price", type=click.IntRange(0), metavar="N", help="Whole units for a pico and a day.")
@engine_option
@json_option
def accept(any_ruleset: bool, nobody_else: bool, url: str | None, as_json: bool, **given: Any) -> None:
    """Say whose picos may come from other engines.

    Without options it shows it. At first nobody's may. An owner or guardian counts, by his did:key, who has
    approved an entry of the pico's log. Rulesets that come with the engine need not be named. What is not
    given stays as it is; --also and --ruleset take the place of those named before.

    \b
    Examples:
      picomesh engines accept
      picomesh engines accept --who trusted --picos 20 --bytes 10MB
      picomesh engines accept --who anyone --price 5 --ruleset did:key:z6Mk…
    """
    wishes = {name: value for name, value in given.items() if value is not None and value != ()}
    if any_ruleset and "rulesets" in wishes:
        raise click.UsageError("--ruleset names some, --any-ruleset takes all: one of them")
    if nobody_else and "dids" in wishes:
        raise click.UsageError("--also names some, --nobody-else none: one of them")
    if any_ruleset:
        wishes["rulesets"] = []
    if nobody_else:
        wishes["dids"] = []
    with find_engine(url) as client:
        policy = client.acceptance(wishes)
    print_json(policy) if as_json else show_policy(policy)


def _trust(is_trusted: bool) -> str | None:
    return "trusted" if is_trusted else None
