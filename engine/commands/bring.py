"""`picomesh import` and `restore`: a pico that was sealed lives again, in a home where it does not yet."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from engine.commands.asking import Asking, asking_options
from engine.commands.blocks_wrong import WRONG, explained
from engine.commands.bringing import Source, bring_in, show_brought
from engine.commands.contradicting import note_contradictions
from engine.commands.failure import Failure
from engine.commands.ipfs import need_nodes, opened_nodes
from engine.commands.long_runs import run_long
from engine.commands.open_home import OwnHome, own_home, trust
from engine.commands.opening_keys import Opener, find_opener
from engine.commands.opening_together import ask_guardians, opened_by_guardians
from engine.commands.output import json_option, print_json
from engine.commands.progress import Tell
from engine.commands.recover import read_log
from engine.commands.settings import read_settings
from engine.commands.sources import Candidate, Search, fetched, new_search, open_car
from engine.core.blocks.enclosures import LockedKeys
from engine.core.blocks.heads import TwoHeads
from engine.core.cids import Cid, NotACid, read_cid
from engine.ports import KeptLog, StoreFailed
from engine.runtime.sealed_states import believe

FILE = click.Path(dir_okay=False, path_type=Path)
NO_KEY = (
    "there is no key that opens it",
    "--key FILE takes its owner's key, or the engine.key of the engine that sealed it",
)
IPFS, IPNS = "ipfs", ("ipns://", "/ipns/")


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--key", type=FILE, help="A key file that opens it.")
@click.option("--log", "kept", type=FILE, help="A newer log of the pico than the one in the file.")
@click.option("--home", type=click.Path(path_type=Path), help="The home that it is to live in [~/.picomesh].")
@json_option
def import_(file: Path, key: Path | None, kept: Path | None, home: Path | None, as_json: bool) -> None:
    """Take in a pico that `picomesh export` wrote.

    It is in the home then as it was: the same state, the same half-matched patterns and timers, its inbox,
    and its newest records. The engine of that home must not run meanwhile. If there are keys in the file,
    their passphrase is asked for, or taken from PICOMESH_EXPORT_PASSPHRASE; else --key opens it. Everything
    is checked before anything is changed.

    \b
    Examples:
      picomesh import mine.car
      picomesh import mine.car --key owner.key --home ./my-engine
    """
    settings = read_settings(home=home)

    async def run(tell: Tell) -> dict[str, Any]:
        async with open_car(file) as car:
            opener = _needed(find_opener(settings, key, car.contents.locked))
            async with own_home(settings) as opened:
                return await bring_in(
                    opened, Source(car.store, car.contents.head, opener, _log(kept), car.earlier), tell
                )

    told = run_long(run)
    print_json(told) if as_json else show_brought(told)


@click.command()
@click.argument("did")
@click.option("--from", "place", metavar="FILE|FOLDER|URL|ipfs|ipns://NAME", help="Where to look for it.")
@click.option("--head", metavar="CID", help="Its head, if you know it.")
@click.option("--key", type=FILE, help="A key file that opens it: its owner's, or an engine.key.")
@click.option("--log", "kept", type=FILE, help="A newer log of the pico than the one beside the head.")
@click.option("--home", type=click.Path(path_type=Path), help="The home that it is to live in [~/.picomesh].")
@asking_options
@json_option
def restore(
    did: str,
    place: str | None,
    head: str | None,
    key: Path | None,
    kept: Path | None,
    home: Path | None,
    asking: Asking,
    as_json: bool,
) -> None:
    """Bring a pico back by its name for life.

    The newest of its heads that is found is taken: among the blocks of the home and, if its settings name
    any (ipfs_api), in IPFS nodes; or where --from says: a CAR file, a folder of them, the URL of one, the
    nodes alone, the head that a name of IPNS leads to. The home need not be there: a root pico is the root of
    a new one. Its engine must not run meanwhile.

    \b
    Examples:
      picomesh restore did:scid:vh:1:Qm… --from ipfs --key owner.key
      picomesh restore did:scid:vh:1:Qm… --from /mnt/stick --home ./new
    Without a key, by its guardians, who open it together:
      picomesh restore did:scid:vh:1:Qm… --from ipfs --ask open.json --note "the laptop is dead"
      (each guardian)  picomesh guardian approve open.json --out share.json
      picomesh restore did:scid:vh:1:Qm… --from ipfs --request open.json --approval ann.json --approval ben…
    """
    settings = read_settings(home=home)

    async def run(tell: Tell) -> dict[str, Any] | None:
        async with AsyncExitStack() as stack:
            search, locked = new_search(did, trust()), list[LockedKeys]()
            in_stores = place is None or place == IPFS or place.startswith(IPNS)
            if place is not None and not in_stores:
                await _look_at(place, search, locked, stack, tell)
                opened = await stack.enter_async_context(own_home(settings))
            else:
                opened = await stack.enter_async_context(own_home(settings))
                await _look_in_stores(opened, search, place, head, stack)
            guardians = None if asking.request is None else opened_by_guardians(asking, did, opened.keys)
            seen, pairs = [one.signed for one in search.found], search.contradictions()
            await note_contradictions(opened.journal, did, seen, pairs)
            found = _chosen(search, head if guardians is None else guardians[1])
            for problem in search.refused:
                _warn(f"not believed: {problem}")
            if asking.file is not None:
                believed = await believe(found.store, found.signed.cid, trust())
                ask_guardians(asking, believed, opened.keys, as_json)
                return None
            opener = guardians[0] if guardians else _needed(find_opener(settings, key, _first(locked)))
            store = found.store
            if in_stores:
                tell("fetching", 0, 0)
                await opened.stores.bring(found.signed.cid)
                store = opened.stores
            source = Source(store, found.signed.cid, opener, _log(kept), found.earlier)
            told = await bring_in(opened, source, tell)
            await note_contradictions(opened.journal, did, (), pairs)  # now that the pico is known here
            for evidence in pairs:
                _warn(f"two heads for one turn, kept as evidence: {TwoHeads(evidence)}")
            return {**told, "evidence": len(pairs)}

    told = run_long(run)
    if told is not None:
        print_json(told) if as_json else show_brought(told)


def _first(locked: list[LockedKeys]) -> LockedKeys | None:
    return locked[0] if locked else None


def _needed(opener: Opener | None) -> Opener:
    if opener is None:
        raise Failure(*NO_KEY)
    return opener


def _log(kept: Path | None) -> KeptLog | None:
    if kept is None:
        return None
    told = read_log(kept)
    return KeptLog(told["log"], told["approvals"])


# --- looking for it --------------------------------------------------------------------------------


async def _look_at(
    place: str, search: Search, locked: list[LockedKeys], stack: AsyncExitStack, tell: Tell
) -> None:
    if place.startswith(("http://", "https://")):
        await _look_in_car(
            await stack.enter_async_context(fetched(place, tell)), place, search, locked, stack
        )
        return
    path = Path(place)
    if path.is_dir():
        for file in sorted(path.glob("*.car")):
            try:
                await _look_in_car(file, file.name, search, locked, stack)
            except WRONG as problem:
                search.refused.append(f"{file}: {explained(problem).message}")
    elif path.exists():
        await _look_in_car(path, path.name, search, locked, stack)
    else:
        raise Failure(f"there is no {place}", "--from takes a CAR file, a folder of them, a URL, or ipfs")


async def _look_in_car(
    path: Path, where: str, search: Search, locked: list[LockedKeys], stack: AsyncExitStack
) -> None:
    car = await stack.enter_async_context(open_car(path))
    before = len(search.found)
    await search.look(car.store, [car.contents.head], f"in {where}", car.earlier)
    if car.contents.locked is not None and len(search.found) > before:
        locked.append(car.contents.locked)


PINNED_ELSEWHERE = (
    "a node tells of what it has pinned itself; what its peers have is found with --head CID, as "
    "`picomesh seal` and `picomesh history` say it, or with --from ipns://NAME"
)


async def _look_in_stores(
    home: OwnHome, search: Search, place: str | None, head: str | None, stack: AsyncExitStack
) -> None:
    given = await _given(home, place, head)
    if given is not None:
        await search.look(home.stores, [given], "as given")
        return
    if place is None:
        await search.look(home.stores, await home.stores.roots(), "in the home")
    if place == IPFS:
        need_nodes(home.settings)
        search.hint = PINNED_ELSEWHERE
    elif not home.settings.ipfs_api.addresses:
        return
    for url, node in opened_nodes(home.settings):
        stack.push_async_callback(node.close)
        try:
            await search.look(node, await node.roots(), f"in {url}")
        except StoreFailed as problem:
            _warn(f"{url} cannot be asked: {problem}")


def _warn(text: str) -> None:
    """Of what does not end the search."""
    click.secho(text, fg="yellow", err=True)


async def _given(home: OwnHome, place: str | None, head: str | None) -> Cid | None:
    """The head that was named, or that a name of IPNS leads to."""
    if head is not None or place is None or not place.startswith(IPNS):
        return None if head is None else _cid(head)
    need_nodes(home.settings)
    names = import_module("engine.adapters.ipfs.ipns")
    try:
        found: Cid | None = await names.resolve(home.settings, place)
    except ValueError as problem:
        raise Failure(str(problem)) from None
    if found is None:
        raise Failure(f"no node knows {place}", "--from ipfs looks at what the nodes have pinned")
    return found


def _cid(text: str) -> Cid:
    try:
        return read_cid(text)
    except NotACid as problem:
        raise Failure(f"--head: {problem}") from None


def _chosen(search: Search, head: str | None) -> Candidate:
    if head is None:
        return search.newest()
    wanted = _cid(head)
    search.found = [one for one in search.found if one.signed.cid == wanted]
    return search.newest()
