"""A pico leaves its home as a file and lives in another; what is not as it was sealed is refused by name."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, NamedTuple

import pytest
from nacl.signing import SigningKey

from engine.adapters.http.run_file import RunFile, write_run_file
from engine.adapters.keys import SeedFile, SeedKeys
from engine.adapters.signing.ed25519 import sign
from engine.core.blocks.enclosures import LOCKED, read_contents
from engine.core.blocks.heads import SignedHead, read_head, sign_head
from engine.core.blocks.walks import reach, run
from engine.core.cars import CarReader, Section, car_of, read_car
from engine.core.cids import Cid, cid_text
from engine.core.did_keys import to_did_key
from engine.ports import WebRequest, WebResponse
from engine.runtime.identities import SIGNING, life_purpose
from engine.wiring import Engine
from tests.engine.commands.sealed_homes import (
    PASSPHRASE,
    Shell,
    ask,
    fingerprint,
    identity,
    live,
    root_of,
    seal,
    send,
    with_engine,
)
from tests.engine.loopback_site import Handler, serving

ENTER = {"PICOMESH_EXPORT_PASSPHRASE": PASSPHRASE}


class Taken(NamedTuple):
    """A home whose root pico was sealed, what it was then, and the file with its keys in it."""

    home: Path
    was: dict[str, Any]
    car: Path


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("taken")
    home, car = folder / "home", folder / "mine.car"
    was = with_engine(home, live)
    Shell(folder).told("export", "root", "-o", car, "--with-keys", "--home", home, **ENTER)
    return Taken(home, was, car)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, ENTER)


def sections(car: Path) -> list[Section]:
    return list(read_car([car.read_bytes()]))


def head_of(car: Path) -> Cid:
    found = {one.cid: one.data for one in sections(car)}
    return read_contents({cid: found[cid] for cid in roots_of(car)}).head


def roots_of(car: Path) -> tuple[Cid, ...]:
    reader = CarReader()
    reader.feed(car.read_bytes())
    assert reader.roots is not None
    return reader.roots


async def _look(engine: Engine) -> dict[str, Any]:
    root, state, timers = root_of(engine), await identity(engine), await ask(engine, "timers")
    before = await ask(engine, "count")
    await send(engine, "second")
    return {
        "root": root,
        "state": state,
        "timers": timers,
        "counts": (before, await ask(engine, "count")),
        "due": [one.due_ms for one in engine.journal.timers_after((0, "", ""), 9)],  # type: ignore[arg-type]
    }


# --- it comes back ---------------------------------------------------------------------------------


def test_an_imported_pico_is_what_it_was(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """The same state id and answers, its pattern matched half, its timer: on a machine that has nothing."""
    home = tmp_path / "new"
    told = shell.told("import", taken.car, "--home", home)
    assert (told["state"], told["did"], told["root"]) == (taken.was["state"], taken.was["did"], True)
    found = with_engine(home, _look)
    assert (found["root"], found["state"]) == (taken.was["root"], taken.was["state"])
    assert found["timers"] == taken.was["timers"] != []
    assert len(found["due"]) == 1
    assert found["counts"] == (1, 2), "the event that was missing completes the pattern"


def test_it_is_opened_with_the_key_file_of_its_engine_too(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """Without keys in the file, and whether from a file or a folder in which there are other things."""
    folder, home = tmp_path / "stick", tmp_path / "new"
    folder.mkdir()
    shell.told("export", "root", "-o", folder / "a.car", "--home", taken.home)
    (folder / "z.car").write_bytes(b"something else")
    with_head(taken.car, _resigned, folder / "forged.car")
    words = (
        "restore",
        taken.was["did"],
        "--from",
        folder,
        "--key",
        taken.home / "engine.key",
        "--home",
        home,
    )
    result = shell.run(*words, "--json")
    assert json.loads(result.stdout)["state"] == taken.was["state"]
    assert result.stderr.count("not believed:") == 2, "others are told of, to people"
    assert with_engine(home, identity) == taken.was["state"]


def test_whether_its_log_goes_on_is_said(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """In a home that has the keys of its engine it does, and the next seal is a head like those before; where
    the key was only lent to open it, it is said what to do."""
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    there.mkdir()
    key = shutil.copy(taken.home / "engine.key", there)
    result = shell.run("import", taken.car, "--home", there)
    assert "goes on here: this home has the keys" in result.output
    assert "did recover" not in result.output
    assert with_engine(there, seal) == taken.was["did"]
    result = shell.run("import", taken.car, "--home", elsewhere, "--key", key)
    assert "a copy of it as engine.key" in " ".join(result.output.split())
    assert "did recover" in result.output


def test_a_repeated_event_is_answered_as_before(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """Its newest records came along, so its past can be told, and run again from its birth."""
    home = tmp_path / "new"
    shell.told("import", taken.car, "--home", home)

    async def replay(engine: Engine) -> Any:
        return await engine.host.histories.replay(str(root_of(engine)))

    told = with_engine(home, replay)
    assert (told["repeated"], told["refused"], told["departure"]) == (taken.was["turn"], None, None)


def test_nothing_of_the_state_is_in_the_file(taken: Taken) -> None:
    """Nor its passphrase, nor the names of its rulesets."""
    data = taken.car.read_bytes()
    for canary in (b"canary-in-the-state", PASSPHRASE.encode(), b"io.picolabs", b"ruleset half"):
        assert canary not in data


def test_a_pico_is_exported_as_of_its_newest_turn(shell: Shell, tmp_path: Path) -> None:
    """Or not at all: without an engine nobody can seal it."""
    home = tmp_path / "home"
    with_engine(home, live)
    with_engine(home, lambda engine: send(engine, "second"))
    said = shell.refused("export", "root", "--home", home)
    assert "is sealed as of turn 9, and has had 10 turns" in said
    assert "picomesh serve" in said
    assert "no home of an engine" in shell.refused("export", "root", "--home", tmp_path / "none")
    assert "has a channel nowhere" in shell.refused("export", "nowhere", "--home", home)


# --- verifying -------------------------------------------------------------------------------------


def test_what_was_checked_is_counted(taken: Taken, shell: Shell) -> None:
    """Every block of the file, the head and its log, the state, its records; and its turns run again."""
    told = shell.told("verify", taken.car, "--replay")
    kinds = [
        one for one in sections(taken.car) if LOCKED.encode() in one.data or b"earlier state" in one.data
    ]
    assert told["blocks"] == len(sections(taken.car)) - len(kinds)
    assert (told["state"], told["records"], told["log_entries"]) == (taken.was["state"], taken.was["turn"], 1)
    assert told["replay"]["repeated"] == taken.was["turn"]
    shown = shell.run("verify", taken.car).output
    for word in ("signature  good", "opened with the passphrase", taken.was["did"]):
        assert word in shown


def test_without_a_key_the_state_stays_closed(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """The rest is checked all the same, and it is said what was not."""
    words = ("verify", taken.car, "--home", tmp_path / "none")
    told = shell.told(*words, PICOMESH_EXPORT_PASSPHRASE="")
    assert (told["state"], told["opened_with"], told["did"]) == (None, None, taken.was["did"])
    assert "not opened" in shell.run(*words, PICOMESH_EXPORT_PASSPHRASE="").output
    assert "without a key" in shell.refused(*words, "--replay", PICOMESH_EXPORT_PASSPHRASE="")


def test_a_pico_of_a_home_is_verified_by_its_name(taken: Taken, shell: Shell) -> None:
    """Where it lives, without a file."""
    told = shell.told("verify", taken.was["did"], "--home", taken.home)
    assert (told["state"], told["heads"]) == (taken.was["state"], 1)


# --- what is refused -------------------------------------------------------------------------------


def refusals(shell: Shell, car: Path, taken: Taken, tmp_path: Path) -> list[str]:
    """What each command says of a file; none leaves anything behind."""
    home = tmp_path / "new"
    said = [
        shell.refused("verify", car, "--replay", "--home", home),
        shell.refused("import", car, "--home", home),
        shell.refused("restore", taken.was["did"], "--from", car, "--home", home),
    ]
    assert not home.exists()
    return said


def test_a_flipped_bit_in_any_block_is_found(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """And the block is named."""
    bad = tmp_path / "bad.car"
    for one in sections(taken.car):
        data = bytearray(taken.car.read_bytes())
        data[one.offset + len(one.data) // 2] ^= 4
        bad.write_bytes(data)
        for said in refusals(shell, bad, taken, tmp_path):
            assert "error: altered block:" in said
            assert cid_text(one.cid) in said


def test_any_missing_block_is_found(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """And named; be it one that only says how to open it, or where its records begin."""
    roots, bad = roots_of(taken.car), tmp_path / "bad.car"
    for gone in (one.cid for one in sections(taken.car)):
        bad.write_bytes(car_of(roots, {one.cid: one.data for one in sections(taken.car) if one.cid != gone}))
        said = shell.refused("verify", bad, "--home", tmp_path / "new")
        assert "error: missing block:" in said
        assert cid_text(gone) in said


def test_a_pico_is_not_brought_in_without_one_of_its_blocks(
    taken: Taken, shell: Shell, tmp_path: Path
) -> None:
    """Whichever that its head leads to; and then there is no home."""
    found, home, bad = (
        {one.cid: one.data for one in sections(taken.car)},
        tmp_path / "new",
        tmp_path / "bad.car",
    )
    needed = below(head_of(taken.car), found)
    assert len(needed) > 10
    for gone in needed:
        bad.write_bytes(car_of(roots_of(taken.car), {cid: found[cid] for cid in found if cid != gone}))
        said = shell.refused("import", bad, "--home", home)
        assert "error: missing block:" in said
        assert not home.exists()


def below(root: Cid, found: Mapping[Cid, bytes]) -> list[Cid]:
    """The block and all that it leads to."""
    return list(run(reach([root]), lambda wanted: {cid: found[cid] for cid in wanted}))


def test_a_file_that_is_cut_short_is_found(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """In the middle of any block; and between two, where it can only be missed."""
    data, bad = taken.car.read_bytes(), tmp_path / "bad.car"
    every = sections(taken.car)
    for one in every:
        bad.write_bytes(data[: one.offset + len(one.data) // 2])
        for said in refusals(shell, bad, taken, tmp_path):
            assert "error: cut short:" in said
    for one in every[:-1]:
        bad.write_bytes(data[: one.offset + len(one.data)])
        for said in refusals(shell, bad, taken, tmp_path):
            assert "error: missing block:" in said


def with_head(car: Path, change: Any, bad: Path) -> None:
    """The file with another head in the place of its own; blocks and roots fit again."""
    head, roots = head_of(car), roots_of(car)
    blocks = {one.cid: one.data for one in sections(car)}
    signed = read_head(blocks.pop(head), lambda *_: True, lambda _: True)
    other = change(signed)
    renamed = [other.cid if root == head else root for root in roots]
    bad.write_bytes(car_of(renamed, {other.cid: other.block, **blocks}))


SEED = b"somebody else's".ljust(32)


def _resigned(signed: Any) -> Any:
    """By somebody who was not to sign it."""
    return sign_head(replace(signed.head, by=_name(SEED)), lambda message: sign(SEED, message))


def _changed(signed: Any) -> Any:
    """With the name of the right key, and a signature by another."""
    return sign_head(replace(signed.head, sequence=8), lambda message: sign(SEED, message))


def _name(seed: bytes) -> Any:
    return to_did_key(bytes(SigningKey(seed).verify_key))


@pytest.mark.parametrize(
    ("change", "why"), [(_resigned, "was not to sign"), (_changed, "was not signed with")]
)
def test_a_forged_head_is_found(change: Any, why: str, taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """Whatever it leads to."""
    bad = tmp_path / "bad.car"
    with_head(taken.car, change, bad)
    verified, imported, restored = refusals(shell, bad, taken, tmp_path)
    for said in (verified, imported, restored):
        assert "error: forged head:" in said
        assert why in said


def test_two_heads_for_one_turn_are_for_people_to_decide(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """Whoever has the pico's key has signed both. Each is named, and may be asked for."""
    folder, home = tmp_path / "stick", tmp_path / "new"
    folder.mkdir()
    seed = SeedKeys(SeedFile(taken.home / "engine.key").open(None)).derive(
        f"{life_purpose(taken.was['root'])}/{SIGNING}"
    )

    def again(signed: SignedHead) -> SignedHead:
        other = replace(signed.head, time_ms=signed.head.time_ms + 1)
        return sign_head(other, lambda message: sign(seed, message))

    (folder / "one.car").write_bytes(taken.car.read_bytes())
    with_head(taken.car, again, folder / "two.car")
    heads = [cid_text(head_of(folder / name)) for name in ("one.car", "two.car")]
    words = ("restore", taken.was["did"], "--from", folder, "--home", home)
    said = shell.refused(*words)
    assert "error: two heads for one turn:" in said
    assert all(head in said for head in heads)
    assert not home.exists()
    assert shell.told(*words, "--head", heads[1])["head"] == heads[1]


def test_a_wrong_passphrase_and_a_wrong_key_are_told_apart(
    taken: Taken, shell: Shell, tmp_path: Path
) -> None:
    """From each other, and from damage. Without any it is said what would do."""
    home, other = tmp_path / "new", tmp_path / "other.key"
    SeedFile(other).open(None)
    said = shell.refused("import", taken.car, "--home", home, PICOMESH_EXPORT_PASSPHRASE="wrong")
    assert "error: wrong passphrase:" in said
    said = shell.refused("import", taken.car, "--home", home, "--key", other)
    assert "error: wrong key:" in said
    said = shell.refused("import", taken.car, "--home", home, PICOMESH_EXPORT_PASSPHRASE="")
    assert "no key that opens it" in said
    assert not home.exists()


def test_a_pico_that_is_here_is_not_brought_in_again(taken: Taken, shell: Shell) -> None:
    """And stays as it is."""
    before = fingerprint(taken.home)
    said = shell.refused("import", taken.car, "--home", taken.home)
    assert "error: here already:" in said
    assert fingerprint(taken.home) == before


def test_an_old_head_is_refused_where_a_newer_one_is_known(shell: Shell, tmp_path: Path) -> None:
    """Somebody offers what the pico was some turns ago."""
    home, old, new = tmp_path / "home", tmp_path / "old.car", tmp_path / "new.car"
    with_engine(home, live)
    shell.told("export", "root", "-o", old, "--with-keys", "--home", home)

    async def go_on(engine: Engine) -> None:
        await send(engine, "second")
        await seal(engine)

    with_engine(home, go_on)
    shell.told("export", "root", "-o", new, "--with-keys", "--home", home)
    before = fingerprint(home)
    assert "error: old head:" in shell.refused("import", old, "--home", home)
    assert fingerprint(home) == before
    folder = tmp_path / "stick"
    folder.mkdir()
    old.rename(folder / "a.car")
    new.rename(folder / "b.car")
    did = with_engine(home, seal)
    other = tmp_path / "other"
    told = shell.told("restore", did, "--from", folder, "--key", home / "engine.key", "--home", other)
    assert told["turn"] == 10, "of several the newest one is taken"


def test_a_home_made_of_a_backup_signs_no_second_head_for_a_turn(shell: Shell, tmp_path: Path) -> None:
    """What was sealed after the backup is contradicted by nothing: the heads to come are of a new epoch."""
    home, again, backup = tmp_path / "home", tmp_path / "again", tmp_path / "one.backup"
    was = with_engine(home, live)
    shell.told("backup", backup, "--home", home)

    async def go_on(engine: Engine) -> Any:
        await send(engine, "second")
        await seal(engine)
        return (await engine.host.sealing.seals.history(root_of(engine)))[-1]  # type: ignore[union-attr]

    lost = with_engine(home, go_on)
    shell.told("restore-home", backup, "--home", again)
    assert with_engine(again, identity) == was["state"]
    found = with_engine(again, go_on)
    assert (lost.head.sequence, found.head.sequence) == (10, 10)
    assert found.head.epoch > lost.head.epoch


def test_two_logs_of_a_pico_are_for_people_to_decide(shell: Shell, tmp_path: Path) -> None:
    """Two homes went on from one, each with an entry of its own: the later head is not simply believed."""
    home, other, folder = tmp_path / "home", tmp_path / "other", tmp_path / "stick"
    folder.mkdir()
    was = with_engine(home, live)
    shutil.copytree(home, other)

    places = iter("abc")

    async def go_on(engine: Engine) -> None:
        mail = engine.host.mail
        assert mail is not None
        mail.reached_at(f"http://{next(places)}.example")
        await mail.lives.rotate(engine.host.root_eci())
        await send(engine, "second")
        await seal(engine)

    shell.told("export", "root", "-o", folder / "before.car", "--home", home)
    for one in (home, other):
        with_engine(one, go_on)
    with_engine(other, go_on)
    for one in (home, other):
        shell.told("export", "root", "-o", folder / f"{one.name}.car", "--home", one)
    key, new = home / "engine.key", tmp_path / "new"
    words = ("restore", was["did"], "--from", folder, "--key", key, "--home", new)
    said = shell.refused(*words)
    assert "error: two logs:" in said
    heads = [cid_text(head_of(folder / f"{name}.car")) for name in ("home", "other")]
    assert all(head in said for head in heads)
    assert not new.exists()
    assert shell.told(*words, "--head", heads[0])["head"] == heads[0]
    (folder / "other.car").unlink()
    again = (*words[:-1], tmp_path / "again")
    assert shell.told(*again)["head"] == heads[0], "a log that goes on from the other is no other"


def test_a_child_comes_back_below_its_parent(shell: Shell, tmp_path: Path) -> None:
    """If that is there; and a root below nobody, in a home that has one already."""
    home, new = tmp_path / "home", tmp_path / "new"

    async def have_child(engine: Engine) -> str:
        host = engine.host
        await host.run_event(host.root_eci(), "wrangler", "new_child_request", {"name": "kid"})
        (child,) = engine.journal.children(root_of(engine))
        assert host.sealing is not None
        await host.sealing.seals.seal(child)
        await seal(engine)
        return child

    child = with_engine(home, have_child)
    for eci, file in (("root", "root.car"), (child, "child.car")):
        shell.told("export", eci, "-o", tmp_path / file, "--with-keys", "--home", home)
    root = shell.told("import", tmp_path / "root.car", "--home", new)
    told = shell.told("import", tmp_path / "child.car", "--home", new)
    assert (told["pico"], told["parent"], told["root"]) == (child, root["pico"], False)

    async def family(engine: Engine) -> list[str]:
        return [one.id for one in engine.host.tree().children]

    assert with_engine(new, family) == [child]
    other = tmp_path / "other"
    with_engine(other, family)
    told = shell.told("import", tmp_path / "root.car", "--home", other)
    assert (told["parent"], told["root"]) == (None, False)

    async def look(engine: Engine) -> Any:
        return await engine.host.histories.state(told["pico"])

    assert with_engine(other, look)["state"] == told["state"]


def test_what_has_no_parent_is_a_tree_that_can_be_seen(shell: Shell, tmp_path: Path) -> None:
    """Beside that of the root pico: a root of elsewhere, and a child until its parent is there as well."""
    home, other, third = tmp_path / "home", tmp_path / "other", tmp_path / "third"

    async def have_child(engine: Engine) -> str:
        host = engine.host
        await host.run_event(host.root_eci(), "wrangler", "new_child_request", {"name": "kid"})
        (child,) = engine.journal.children(root_of(engine))
        assert host.sealing is not None
        await host.sealing.seals.seal(child)
        await seal(engine)
        return child

    async def trees(engine: Engine) -> tuple[str, list[tuple[str, list[str]]]]:
        seen = await engine.host.picture()
        return seen.id, [(one.id, [child.id for child in one.children]) for one in seen.beside]

    child = with_engine(home, have_child)
    for eci, file in (("root", "root.car"), (child, "child.car")):
        shell.told("export", eci, "-o", tmp_path / file, "--with-keys", "--home", home)
    assert with_engine(home, trees)[1] == []
    own, _ = with_engine(other, trees)
    shown = shell.run("import", tmp_path / "child.car", "--home", other).output
    assert "a tree of its own, beside that of the root pico" in shown
    assert with_engine(other, trees) == (own, [(child, [])])
    root = shell.told("import", tmp_path / "root.car", "--home", other)["pico"]
    assert with_engine(other, trees) == (own, [(root, [child])])
    shell.told("import", tmp_path / "child.car", "--home", third)
    shell.told("import", tmp_path / "root.car", "--home", third)
    assert with_engine(third, trees) == (root, []), "and in a home without picos the root is the root"


def test_a_tree_of_its_own_is_drawn_after_that_of_the_root(shell: Shell) -> None:
    """Each pico once, and it is said which was brought in."""
    pico = {"id": "a1", "name": "Ann", "eci": "e1", "rulesets": [], "children": []}
    other = {**pico, "id": "b1", "name": None, "children": [{**pico, "id": "c1"}]}
    told = json.dumps({**pico, "beside": [other]})
    with site(lambda _: WebResponse(200, "", {"content-type": "application/json"}, told)) as port:
        shown = shell.run("tree", "--url", f"http://127.0.0.1:{port}").output
    assert [shown.count(name) for name in ("a1", "b1", "c1")] == [1, 1, 1]
    assert shown.index("a1") < shown.index("b1") < shown.index("brought in: below no pico here")


def test_a_file_is_fetched_from_where_it_is(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """By its URL; what is not there is said to be so, and leaves nothing behind."""
    content = taken.car.read_bytes().decode("latin-1")

    def answer(request: WebRequest) -> WebResponse:
        return WebResponse(200 if request.url == "/mine.car" else 404, "", {}, content)

    with site(answer) as port:
        url, home = f"http://127.0.0.1:{port}", tmp_path / "new"
        words = ("restore", taken.was["did"], "--home", home, "--from")
        assert "answers 404" in shell.refused(*words, f"{url}/other.car")
        assert not home.exists()
        assert shell.told(*words, f"{url}/mine.car")["state"] == taken.was["state"]
    assert "cannot be fetched" in shell.refused(*words[:3], tmp_path / "third", "--from", f"{url}/mine.car")


@contextmanager
def site(answer: Handler) -> Iterator[int]:
    """On loopback, while a command runs in this thread; its port."""
    loop, port = asyncio.new_event_loop(), Queue[int]()
    stopped = asyncio.Event()

    async def serve() -> None:
        async with serving(answer) as number:
            port.put(number)
            await stopped.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield port.get()
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


def test_a_file_of_another_pico_is_not_the_one(taken: Taken, shell: Shell, tmp_path: Path) -> None:
    """Neither is one that is no CAR, or a CAR of something else."""
    home, other = tmp_path / "new", "did:scid:vh:1:QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
    assert "no head of" in shell.refused("restore", other, "--from", taken.car, "--home", home)
    assert "is not the name" in shell.refused("restore", "did:key:z6Mk", "--home", home)
    (tmp_path / "x.car").write_bytes(b"no car at all, but a text" * 20)
    assert "error: no CAR file:" in shell.refused("import", tmp_path / "x.car", "--home", home)
    blocks = {one.cid: one.data for one in sections(taken.car)}
    (tmp_path / "y.car").write_bytes(car_of([next(reversed(blocks))], blocks))
    assert "error: no export:" in shell.refused("import", tmp_path / "y.car", "--home", home)
    assert not home.exists()


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, {"root_eci": "another"}), (401, {"code": "token", "detail": "that lets nobody in"})],
)
def test_another_engine_is_not_asked_to_seal(
    taken: Taken, shell: Shell, tmp_path: Path, status: int, said: dict[str, str]
) -> None:
    """A note in the home may have outlived its engine; then what is sealed is exported. Another one mostly
    does not even let its token in."""
    note = taken.home / "engine.json"

    def answer(request: WebRequest) -> WebResponse:
        assert request.method == "GET", "nothing is changed there"
        return WebResponse(status, "", {}, json.dumps(said))

    try:
        with site(answer) as port:
            write_run_file(taken.home, RunFile(f"http://127.0.0.1:{port}", 1, "ours"))
            told = shell.told("export", "root", "-o", tmp_path / "one.car", "--home", taken.home)
        assert told["turn"] == taken.was["turn"]
        told = shell.told("export", "root", "-o", tmp_path / "two.car", "--home", taken.home)
        assert told["turn"] == taken.was["turn"], "nobody answers any more"
    finally:
        note.unlink()


ALTER = "UPDATE blocks SET body = CAST(substr(body, 1, length(body) - 1) AS BLOB) WHERE cid = ?"
LOSE = "DELETE FROM blocks WHERE cid = ?"


@pytest.mark.parametrize(("statement", "name"), [(ALTER, "altered block"), (LOSE, "missing block")])
def test_what_a_home_has_lost_is_found(
    statement: str, name: str, taken: Taken, shell: Shell, tmp_path: Path
) -> None:
    """Whichever block of its sealed pico it is: verifying names it, and nothing is exported."""
    found = {one.cid: one.data for one in sections(taken.car)}
    for lost in below(head_of(taken.car), found):
        home = tmp_path / cid_text(lost)
        shutil.copytree(taken.home, home)
        with closing(sqlite3.connect(home / "blocks.db")) as connection, connection:
            connection.execute(statement, (lost,))
        for words in (("verify", taken.was["did"]), ("export", "root", "-o", tmp_path / "no.car")):
            said = shell.refused(*words, "--home", home)
            assert f"error: {name}:" in said
            assert cid_text(lost) in said
        assert not (tmp_path / "no.car").exists()
