"""`picomesh did guardians` and `did recover`: who can take a pico back, and taking it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from engine.commands.asking import Asking, asking_options, publish, publish_request, read_file, write_request
from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import json_option, print_json
from engine.commands.recovery import (
    OwnersFile,
    check_draft,
    newest_promises,
    owners_file,
    read_request,
    signed_by_owner,
)

FILE = click.Path(dir_okay=False, path_type=Path)


def show_life(told: dict[str, Any]) -> None:
    click.echo(told["did"])
    ended = "; it has ENDED with that" if told["ended"] else ""
    click.echo(f"  entry {told['epoch']} of {told['changed']}; the first is of {told['since']}{ended}")
    if not told["ended"]:
        _show_keys(told)
        click.echo(f"  for others: {told['address']}")


def _show_keys(told: dict[str, Any]) -> None:
    guardians = told["guardians"]
    others = told["promised"] - 1 - (len(guardians["of"]) if guardians else 0)
    kept = f"keys of owners that are promised too: {others}" if others > 0 else "no owner's key is promised"
    click.echo(f"  {kept}")
    if not guardians:
        click.echo("  no guardians are named")
        return
    click.echo(f"  {_how_guarded(guardians)}:")
    for one in guardians["of"]:
        click.echo(f"    {one}")


def _how_guarded(guardians: dict[str, Any]) -> str:
    said = f"{guardians['needed']} of {len(guardians['of'])} guardians can take it back"
    return f"{said}, and have to approve each entry" if not guardians["alone"] else said


@click.command("guardians")
@click.argument("eci")
@click.argument("dids", nargs=-1, metavar="[DID]...")
@click.option("--need", type=click.IntRange(1, 64), metavar="M", help="How many of them it takes.")
@click.option("--watch", is_flag=True, help="They approve every entry; the engine writes none alone.")
@click.option(
    "--recovery-key", "key", type=FILE, metavar="FILE", help="An owner's key that goes on sufficing alone."
)
@click.option("--drop-recovery-key", "drop", is_flag=True, help="Promise no owner's key any more.")
@click.option("--none", "nobody", is_flag=True, help="Have no guardians any more.")
@asking_options
@engine_option
@json_option
def guardians_command(
    eci: str,
    dids: tuple[str, ...],
    need: int | None,
    watch: bool,
    key: Path | None,
    drop: bool,
    nobody: bool,
    asking: Asking,
    url: str | None,
    as_json: bool,
) -> None:
    """Show or name the guardians of a pico.

    M of them together can take it back for its owner. Each is named by a DID: the did:key that `picomesh
    guardian key` prints, or what `picomesh did show --me` prints. They need no engine, and no consent of the
    engine that hosts the pico when the time comes (`picomesh did recover`). Without --watch that engine goes
    on writing entries alone, and if it is hostile it can do away with guardians before they act; with it, M
    of them have to approve every entry.

    \b
    Examples:
      picomesh did guardians root --need 2 did:key:z6Mk… did:key:z6Mk… did:peer:2.…
      picomesh did guardians root
    """
    words = _words(dids, need, watch, key, drop, nobody)
    with find_engine(url) as engine:
        if asking.request is not None:
            told: dict[str, Any] | None = publish(engine, eci, asking)
        else:
            told = engine.life(eci)  # makes the log, if there is none yet
            if words is not None:
                words |= _owner(told, key)
                told = _name(engine, eci, words, asking, as_json)
    if told is not None:
        print_json(told) if as_json else show_life(told)


def _name(
    engine: EngineClient, eci: str, words: dict[str, Any], asking: Asking, as_json: bool
) -> dict[str, Any] | None:
    if asking.file is None:
        return engine.name_guardians(eci, words)
    write_request(asking, engine.request_change(eci, "guard", {**words, "note": asking.note}), as_json)
    return None


def _words(
    dids: tuple[str, ...], need: int | None, watch: bool, key: Path | None, drop: bool, nobody: bool
) -> dict[str, Any] | None:
    """What is to become of the guardians; None if they are only to be shown."""
    if nobody and (dids or need):
        raise click.UsageError("--none leaves nobody, so there are no DIDs and no --need")
    if key is not None and drop:
        raise click.UsageError("either --recovery-key or --drop-recovery-key")
    if not dids and not nobody:
        if need or watch or key or drop:
            raise click.UsageError("name the guardians: a DID each")
        return None
    if dids and need is None:
        raise click.UsageError(f"how many of these {len(dids)} have to agree? --need M")
    if need is not None and need > len(dids):
        raise Failure(f"{need} of {len(dids)} guardians cannot be", "name more, or need fewer")
    return {"needed": need or 0, "of": list(dids), "watching": watch, "forgets_owner": drop}


def _owner(told: dict[str, Any], file: Path | None) -> dict[str, Any]:
    """The key that is promised already, or the first of a new file."""
    if file is None:
        return {}
    owner = owners_file(file, new=not file.exists())
    promised = newest_promises(told["log"], told["approvals"])
    return {"owner": owner.known(owner.number_promised(promised) or 1)}


@click.command("recover")
@click.argument("eci")
@click.option("--key", type=FILE, metavar="FILE", help="The owner's key that was promised.")
@click.option(
    "--new-key", "new", type=FILE, metavar="FILE", help="Another owner's key, to be promised from then on."
)
@click.option("--log", "kept", type=FILE, metavar="FILE", help="The log, where the engine has not got it.")
@click.option("--watch", is_flag=True, help="From then on guardians approve every entry.")
@asking_options
@engine_option
@json_option
def recover_command(
    eci: str,
    key: Path | None,
    new: Path | None,
    kept: Path | None,
    watch: bool,
    asking: Asking,
    url: str | None,
    as_json: bool,
) -> None:
    """Take back the name of a pico.

    By the owner's key, or by so many guardians. For a pico whose engine is gone, has lost its keys, or does
    not do what its owner wants. The engine that this is asked of hosts the pico from then on, with keys of
    its own; those that were promised before are worth nothing any more. It does not have to be the one that
    had it: for a pico of another engine give the log with --log, as `picomesh did log ECI --json` has printed
    it. Keep a copy.

    \b
    With the owner's key, which goes on with a new one out of the same file:
      picomesh did recover root --key owner.key
    With guardians:
      picomesh did recover root --ask recovery.json --note "the laptop is dead"
      (each guardian)  picomesh guardian approve recovery.json --out approval.json
      picomesh did recover root --request recovery.json --approval ann.json --approval ben.json
    """
    with find_engine(url) as engine:
        told = _recover(engine, eci, key, new, kept, watch, asking, as_json)
    if told is not None:
        print_json(told) if as_json else show_life(told)


def _recover(
    engine: EngineClient,
    eci: str,
    key: Path | None,
    new: Path | None,
    kept: Path | None,
    watch: bool,
    asking: Asking,
    as_json: bool,
) -> dict[str, Any] | None:
    if asking.request is not None:
        return publish(engine, eci, asking)
    if (key is None) == (asking.file is None):
        raise click.UsageError("either --key FILE, or --ask FILE to have guardians asked")
    told = read_log(kept) if kept is not None else engine.life(eci)
    words = {"watching": watch, "note": asking.note}
    if kept is not None:
        words |= {"log": told["log"], "approvals": told["approvals"]}
    promised = newest_promises(told["log"], told["approvals"])
    if key is not None:
        return _recover_alone(engine, eci, owners_file(key), new, told["log"], promised, words)
    if new is not None:
        words["owner"] = owners_file(new, new=not new.exists()).known(1)
    write_request(asking, engine.request_change(eci, "recover", words), as_json)
    return None


def _recover_alone(
    engine: EngineClient,
    eci: str,
    owner: OwnersFile,
    new: Path | None,
    log: str,
    promised: tuple[str, ...],
    words: dict[str, Any],
) -> dict[str, Any]:
    number = owner.number_promised(promised)
    if number is None:
        raise Failure(
            "the newest entry of the log does not promise this key: it is another's, or somebody has "
            "recovered the log since",
            "`picomesh did log ECI` shows the log; guardians can be asked with --ask FILE",
        )
    if new is not None and new.exists():
        raise Failure(f"{new} is there already", "leave --new-key out: the next key is out of the same file")
    following = owner.known(number + 1) if new is None else owners_file(new, True).known(1)
    words |= {"signer": owner.key(number).multikey, "owner": following}
    request = read_request(engine.request_change(eci, "recover", words))
    check_draft(request, log, following["hash"])
    return publish_request(engine, eci, signed_by_owner(request, owner, number))


def read_log(file: Path) -> dict[str, Any]:
    """As `picomesh did log --json` prints it, or bare JSON lines."""
    text = read_file(file)
    try:
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("log"), str):
            return {"log": found["log"], "approvals": str(found.get("approvals", ""))}
    except (ValueError, RecursionError):
        pass
    return {"log": text, "approvals": ""}
