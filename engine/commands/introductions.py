"""`picomesh invite` and `picomesh connect`: two who do not know each other yet come to talk by DID."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import click
import segno
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.core.dids import show_did

QUIET_ZONE = 2
"""Modules left free around a code; readers manage with fewer than the four of the standard on a terminal."""
PICTURES = (".svg", ".png")


@click.command()
@click.argument("eci")
@click.option("--label", metavar="TEXT", help="Who invites, as those see it who are invited.")
@click.option("--once", is_flag=True, help="Only the first who comes is taken.")
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="How long it is valid; else for ever.")
@click.option("--here", is_flag=True, help="To the channel ECI itself, with its policy.")
@click.option(
    "--qr",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the QR code to this .svg or .png.",
)
@engine_option
@json_option
def invite(
    eci: str,
    label: str | None,
    once: bool,
    hours: float | None,
    here: bool,
    qr: Path | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Invite somebody to talk to a pico.

    By DIDComm: a URL to be given to them, and a QR code of it.

    ECI is a channel of the pico; `root` stands for the root pico. Whoever accepts writes to a new channel of
    the pico, which takes messages and nothing else; its rules see them as events `didcomm:message`. With
    --here it is the channel ECI itself, and what may come in is for its policy to say. Who has the URL can
    accept it, so it is shown to nobody else.

    \b
    Examples:
      picomesh invite root --label "Ann's home"
      picomesh invite root --once --hours 1 --qr invitation.svg
    """
    if qr is not None and qr.suffix.lower() not in PICTURES:
        raise Failure(f"{qr} is no picture that can be written", "name a .svg or a .png")
    words = {"label": label, "once": once, "here": here, "expires": None if hours is None else hours * 3600}
    with find_engine(url) as engine:
        shown = engine.invite(eci, words)
    code = segno.make(shown["url"], error="L", micro=False)
    if qr is not None:
        _write(code, qr)
    if as_json:
        print_json(shown)
        return
    if qr is None:
        _show(code)
    click.echo(shown["url"])
    console.print(f"[dim]to channel {escape(shown['eci'])}[/]")


def _write(code: segno.QRCode, file: Path) -> None:
    try:
        code.save(str(file), scale=4)
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {problem.strerror}") from None
    console.print(f"[dim]the QR code is in {escape(str(file))}[/]", highlight=False)


def _show(code: segno.QRCode) -> None:
    """For people, where there is room. A code that is folded over cannot be read."""
    width, _ = code.symbol_size(border=QUIET_ZONE)
    if not console.is_terminal:
        return
    if shutil.get_terminal_size().columns < width:
        console.print(f"[dim]the QR code takes {width} columns; --qr FILE writes it to a picture[/]")
        return
    drawn = StringIO()
    code.terminal(out=drawn, border=QUIET_ZONE, compact=True)
    click.echo(drawn.getvalue())


@click.command()
@click.argument("eci")
@click.argument("invitation", metavar="URL")
@click.option("--label", metavar="TEXT", help="What the other is called here; else as the invitation says.")
@engine_option
@json_option
def connect(eci: str, invitation: str, label: str | None, url: str | None, as_json: bool) -> None:
    """Accept an invitation for a pico.

    ECI is a channel of the pico; `root` stands for the root pico. The pico gets a channel with a DID for the
    other alone, which takes messages and nothing else, and says hello with a ping. The same invitation
    can be accepted again without harm.

    \b
    Examples:
      picomesh connect root 'https://home.example/invitation?_oob=eyJ0eXAi…'
      picomesh connect root 'https://home.example/invitation?_oob=eyJ0eXAi…' --label "Ann's home"
    """
    with find_engine(url) as engine:
        known = engine.connect(eci, invitation, label)
    if as_json:
        print_json(known)
        return
    called = f" [bold]{escape(known['label'])}[/]" if known["label"] else ""
    console.print(f"connected with{called} {escape(show_did(known['them']))}", highlight=False)
    console.print(f"  as {escape(show_did(known['me']))}\n  channel {escape(known['eci'])}", highlight=False)
