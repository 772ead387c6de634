"""What a home has of a sealed pico is checked to the last record; heads that contradict it are evidence."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.http.run_file import RunFile, write_run_file
from engine.adapters.keys import SeedFile, SeedKeys
from engine.adapters.local.home import take_home
from engine.adapters.local.journal import SqliteJournal
from engine.adapters.local.packing import pack, unpack
from engine.adapters.signing.ed25519 import public_key, sign
from engine.commands.contradicting import hold_against, note_contradictions
from engine.config import Settings
from engine.core.blocks.heads import SignedHead, StateHead, equivocation, read_head, sign_head
from engine.core.cars import car_of
from engine.core.cids import cid_text
from engine.core.did_keys import to_did_key
from engine.core.dids import Did
from engine.core.multiformats import to_multibase
from engine.ports import WebRequest, WebResponse
from engine.runtime.identities import SIGNING, life_purpose
from engine.wiring import Engine
from tests.engine.commands.sealed_homes import (
    PASSPHRASE,
    Shell,
    identity,
    live,
    root_of,
    send,
    with_engine,
)
from tests.engine.commands.test_taking_out import head_of, roots_of, sections, site, with_head

ENTER = {"PICOMESH_EXPORT_PASSPHRASE": PASSPHRASE}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Path]:
    """A home with a sealed pico, what that was, and a file of it."""
    folder = tmp_path_factory.mktemp("made")
    home, car = folder / "home", folder / "mine.car"
    was = with_engine(home, live)
    Shell(folder).told("export", "root", "-o", car, "--with-keys", "--home", home, **ENTER)
    return home, was, car


class Place:
    """A copy of that home, which a test may spoil."""

    def __init__(self, made: tuple[Path, dict[str, Any], Path], folder: Path) -> None:
        home, self.was, self.car = made
        self.home, self.folder, self.shell = folder / "copy", folder, Shell(folder, ENTER)
        shutil.copytree(home, self.home)

    def change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.home / "journal.sqlite")) as connection, connection:
            assert connection.execute(statement, values).rowcount == 1

    def alter_record(self, seq: int, alter: Callable[[bytes], bytes]) -> bytes:
        with closing(sqlite3.connect(self.home / "journal.sqlite")) as connection:
            query = "SELECT body FROM records WHERE pico = ? AND seq = ?"
            ((body,),) = connection.execute(query, (self.was["root"], seq)).fetchall()
        altered = alter(unpack(body))
        assert altered != unpack(body)
        update = "UPDATE records SET body = ? WHERE pico = ? AND seq = ?"
        self.change(update, pack(altered), self.was["root"], seq)
        return altered

    def verify(self, *words: object) -> dict[str, Any]:
        return self.shell.told("verify", *words, "--home", self.home)

    def refused(self, *words: object) -> str:
        return self.shell.refused("verify", *words, "--home", self.home)

    def signed(self, says: StateHead) -> SignedHead:
        """By the pico's own key."""
        seeds = SeedKeys(SeedFile(self.home / "engine.key").open(None))
        seed = seeds.derive(f"{life_purpose(self.was['root'])}/{SIGNING}")
        return sign_head(says, lambda message: sign(seed, message))

    def lie(self, name: str = "lie.car", later_ms: int = 1, **other: Any) -> Path:
        """The file with another head for the same turn, which the pico's own key has signed."""

        def again(signed: SignedHead) -> SignedHead:
            return self.signed(replace(signed.head, time_ms=signed.head.time_ms + later_ms, **other))

        with_head(self.car, again, self.folder / name)
        return self.folder / name

    def evidence(self) -> list[list[str]]:
        """The heads of each contradiction that the home keeps."""
        found = self.verify(self.was["did"])["evidence"]
        return [sorted(one["heads"]) for one in found]


@pytest.fixture
def place(made: tuple[Path, dict[str, Any], Path], tmp_path: Path) -> Place:
    return Place(made, tmp_path)


def flip(body: bytes) -> bytes:
    return body.replace(b'"steps":', b'"steps":1')


# --- turns -----------------------------------------------------------------------------------------


def test_all_turns_of_a_home_are_run_again(place: Place) -> None:
    """From the first on, to the state that was sealed; without an engine, and nothing is changed."""
    told = place.verify(place.was["did"], "--replay")
    assert told["replay"] == {"repeated": 9, "skipped": [], "lacking": {}, "from": 0, "to": 9}
    assert (told["history"], told["state"]) == ({"from": 1, "to": 9}, place.was["state"])


def test_turns_after_the_seal_are_run_again_too(place: Place) -> None:
    """What was sealed is held against the state of its turn, not against the newest."""

    async def go_on(engine: Engine) -> str:
        await send(engine, "second")
        return await identity(engine)

    newest = with_engine(place.home, go_on)
    told = place.verify(place.was["did"], "--replay")
    assert (told["turn"], told["replay"]["to"]) == (9, 10)
    assert told["state"] == place.was["state"] != newest


def test_a_record_that_was_touched_is_named(place: Place) -> None:
    """With or without running anything, whichever it is, and one that is missing too."""
    for seq in (1, 5, 9):
        other = Place((place.home, place.was, place.car), place.folder / str(seq))
        other.alter_record(seq, flip)
        said = other.refused(place.was["did"])
        assert f"error: broken history: record {min(seq + 1, 9)}:" in said
    for seq in (1, 5, 9):
        other = Place((place.home, place.was, place.car), place.folder / f"without {seq}")
        other.change("DELETE FROM records WHERE pico = ? AND seq = ?", place.was["root"], seq)
        assert f"error: broken history: record {seq}: it is missing" in other.refused(place.was["did"])


def test_a_turn_that_comes_out_otherwise_is_named(place: Place) -> None:
    """Somebody has changed what it came to, and the hash beside it: only running it again shows that."""
    body = place.alter_record(9, lambda body: body.replace(b"39762144", b"39762145"))
    digest = hashlib.sha256(body).digest()
    place.change("UPDATE record_ends SET hash = ? WHERE pico = ?", digest, place.was["root"])
    assert place.verify(place.was["did"])["history"] == {"from": 1, "to": 9}
    said = place.refused(place.was["did"], "--replay")
    assert "error: another outcome: turn 9 does not come out as recorded; they differ in changes" in said


def test_a_history_that_was_brought_along_in_part_is_checked_from_there(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is missed that never came; what came is run again."""
    monkeypatch.setattr("engine.runtime.besides.MOST_RECORDS", 4)

    async def go_on(engine: Engine) -> None:
        assert engine.host.sealing is not None
        await send(engine, "second")
        await engine.host.sealing.seals.seal(root_of(engine))

    with_engine(place.home, go_on)
    car, new = place.folder / "part.car", place.folder / "new"
    told = place.shell.told("export", "root", "-o", car, "--home", place.home)
    assert 0 < told["turns"] < 10
    place.shell.told("import", car, "--key", place.home / "engine.key", "--home", new)
    told = place.shell.told("verify", place.was["did"], "--replay", "--home", new)
    assert (told["history"]["to"], told["history"]["from"] > 1) == (10, True)
    assert (told["replay"]["from"], told["replay"]["to"]) == (told["history"]["from"] - 1, 10)
    said = place.shell.run("verify", place.was["did"], "--replay", "--home", new).output
    assert f"turns {told['history']['from']} to 10 run again" in said


# --- heads -----------------------------------------------------------------------------------------


def test_every_head_that_is_remembered_is_checked(place: Place) -> None:
    """Not the newest one alone."""

    async def go_on(engine: Engine) -> None:
        assert engine.host.sealing is not None
        for _ in range(3):
            await send(engine, "second")
            await engine.host.sealing.seals.seal(root_of(engine))

    with_engine(place.home, go_on)
    assert place.verify(place.was["did"])["heads"] == 4
    name = f"head 1 of {place.was['root']}"
    place.change(
        "UPDATE facts SET value = substr(value, 1, length(value) - 4) || 'AAAA' WHERE name = ?", name
    )
    assert "error: forged head:" in place.refused(place.was["did"])


def test_a_second_head_is_found_in_a_file(place: Place) -> None:
    """By whoever verifies it beside the home that knows the other one; both are kept as evidence there."""
    assert place.evidence() == []
    lie = place.lie()
    heads = sorted(cid_text(head_of(file)) for file in (lie, place.car))
    said = place.refused(lie)
    assert "error: two heads for one turn:" in said
    assert all(head in said for head in heads)
    assert place.evidence() == [heads]
    assert "error: two heads for one turn:" in place.refused(lie)
    assert place.evidence() == [heads], "once"
    shown = place.shell.run("verify", place.was["did"], "--home", place.home)
    assert (shown.exit_code, "signed two heads for turn 9" in shown.output) == (0, True)
    assert place.verify(place.car)["head"] == cid_text(head_of(place.car))


def test_a_second_head_is_not_said_to_be_here_already(place: Place) -> None:
    """An import and a restore say what is wrong, and keep it."""
    lie = place.lie()
    heads = sorted(cid_text(head_of(file)) for file in (lie, place.car))
    assert "error: two heads for one turn:" in place.shell.refused("import", lie, "--home", place.home)
    assert place.evidence() == [heads]
    other = place.lie("other.car", later_ms=2)
    words = ("restore", place.was["did"], "--from", other, "--home", place.home)
    assert "error: two heads for one turn:" in place.shell.refused(*words)
    assert len(place.evidence()) == 2


def test_two_heads_that_a_restore_comes_across_are_kept_where_the_pico_lives_then(place: Place) -> None:
    """Whichever of them was chosen."""
    folder, new = place.folder / "stick", place.folder / "new"
    folder.mkdir()
    place.lie().rename(folder / "lie.car")
    shutil.copy(place.car, folder / "mine.car")
    heads = sorted(cid_text(head_of(folder / name)) for name in ("lie.car", "mine.car"))
    words = ("restore", place.was["did"], "--from", folder, "--home", new, "--head", heads[0])
    assert place.shell.told(*words)["evidence"] == 1
    told = place.shell.told("verify", place.was["did"], "--home", new)
    assert [sorted(one["heads"]) for one in told["evidence"]] == [heads]


def test_a_running_engine_is_given_the_evidence(place: Place) -> None:
    """Since its home is its own while it runs."""
    lie, given = place.lie(), list[str]()

    def answer(request: WebRequest) -> WebResponse:
        given.append(f"{request.method} {request.url}")
        return WebResponse(200, "", {}, '{"pico": null, "evidence": null}')

    lock = take_home(place.home)
    try:
        with site(answer) as port:
            write_run_file(place.home, RunFile(f"http://127.0.0.1:{port}", 1, "root"))
            assert "error: two heads for one turn:" in place.refused(lie)
        assert given == ["POST /api/seal/seen"]
        assert "the evidence is not kept" in place.refused(lie)
    finally:
        lock.release()
    assert place.evidence() == []


def test_a_head_that_leads_to_another_turn_is_refused(place: Place) -> None:
    """Though its signature is good, and every block is there."""
    said = place.refused(place.lie(sequence=8))
    assert "error: no sealed state: the head is of turn 8, and what it leads to is of turn 9" in said


def test_a_home_that_cannot_be_read_is_told_and_does_not_spoil_a_file(place: Place) -> None:
    """The file is not to blame for it."""
    (place.home / "journal.sqlite").write_bytes(b"something else " * 100)
    for suffix in ("-wal", "-shm"):
        (place.home / f"journal.sqlite{suffix}").unlink(missing_ok=True)
    result = place.shell.run("verify", place.car, "--home", place.home, "--json")
    assert (result.exit_code, "not held against the heads" in result.stderr) == (0, True)


OTHER = "did:scid:vh:1:QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"


def test_a_head_under_another_picos_name_is_forged(place: Place) -> None:
    """Whoever has a pico of his own has a log that is good, and a key that it names: but not for others."""
    lie = place.lie(pico=OTHER)
    assert "error: forged head:" in place.refused(lie)
    assert "was not to sign heads of" in place.refused(lie)
    words = ("restore", OTHER, "--from", lie, "--home", place.folder / "new")
    assert "error: forged head:" in place.shell.refused(*words)
    assert not (place.folder / "new").exists()


def test_what_the_log_here_does_not_bear_out_proves_nothing(place: Place) -> None:
    """A stranger may sign what he likes, with a log beside it: it is no evidence against a pico's engine.
    Nor is anything known of a pico that never was here."""
    blocks = {one.cid: one.data for one in sections(place.car)}
    mine = read_head(blocks[head_of(place.car)], lambda *_: True, lambda _: True)
    stranger, later = b"s" * 32, replace(mine.head, time_ms=mine.head.time_ms + 7)
    says = replace(later, by=to_did_key(public_key(stranger)))
    forged = sign_head(says, lambda message: sign(stranger, message))
    unknown = place.signed(replace(later, pico=Did(OTHER)))
    pair = equivocation(mine, forged)
    assert pair is not None

    async def look() -> None:
        journal = SqliteJournal(place.home / "journal.sqlite")
        try:
            await note_contradictions(journal, place.was["did"], [forged], [pair])
            await note_contradictions(journal, OTHER, [unknown], [])
        finally:
            await journal.close()
        for signed in (forged, unknown):
            await hold_against(Settings(home=place.home), signed)

    asyncio.run(look())
    assert place.evidence() == []


def test_looking_makes_no_home(place: Place) -> None:
    """A folder in which no engine was stays as it is, and nothing is said of it."""
    for folder in (place.folder / "none", place.folder / "empty"):
        if folder.name == "empty":
            folder.mkdir()
        result = place.shell.run("verify", place.car, "--home", folder, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        assert not folder.exists() or not [*folder.iterdir()]


def test_heads_that_do_not_follow_from_each_other_are_refused(place: Place) -> None:
    """Each is signed as it should be; but one before cannot be of a later turn, nor be by somebody else."""
    blocks, head = {one.cid: one.data for one in sections(place.car)}, head_of(place.car)
    says = read_head(blocks.pop(head), lambda *_: True, lambda _: True).head
    roots = roots_of(place.car)
    stranger = b"s" * 32
    by = replace(says, sequence=8, by=to_did_key(public_key(stranger)))
    for before, name in (
        (place.signed(replace(says, sequence=20)), "old head"),
        (sign_head(by, lambda message: sign(stranger, message)), "forged head"),
    ):
        newest = place.signed(replace(says, previous=before.cid))
        found = {newest.cid: newest.block, before.cid: before.block, **blocks}
        file = place.folder / f"{name}.car"
        file.write_bytes(car_of([newest.cid if one == head else one for one in roots], found))
        assert f"error: {name}:" in place.shell.refused("verify", file, "--home", place.folder / "none")


def test_heads_that_are_remembered_follow_from_each_other(place: Place) -> None:
    """Who has the key and the journal cannot put another one before the newest."""

    async def go_on(engine: Engine) -> None:
        assert engine.host.sealing is not None
        await send(engine, "second")
        await engine.host.sealing.seals.seal(root_of(engine))

    with_engine(place.home, go_on)
    blocks = {one.cid: one.data for one in sections(place.car)}
    says = read_head(blocks[head_of(place.car)], lambda *_: True, lambda _: True).head
    other = to_multibase("u", place.signed(replace(says, time_ms=says.time_ms + 7)).block)
    place.change("UPDATE facts SET value = ? WHERE name = ?", other, f"head 0 of {place.was['root']}")
    assert "error: broken chain of heads:" in place.refused(place.was["did"])


def test_what_was_sealed_is_held_against_the_journal(place: Place) -> None:
    """Two that are both in order, and lead to other states of one turn, do not belong together."""
    other = place.folder / "other"
    shutil.copytree(place.home, other)

    async def grow(engine: Engine, text: str) -> None:
        assert engine.host.sealing is not None
        await send(engine, "grows", {"text": text})
        await engine.host.sealing.seals.seal(root_of(engine))

    with_engine(place.home, lambda engine: grow(engine, "one"))
    with_engine(other, lambda engine: grow(engine, "other"))
    assert place.verify(place.was["did"], "--replay")["replay"]["to"] == 10
    shutil.copy(other / "blocks.db", place.home / "blocks.db")
    for name in (f"newest head of {place.was['root']}", f"head 1 of {place.was['root']}"):
        with closing(sqlite3.connect(other / "journal.sqlite")) as connection:
            ((value,),) = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchall()
        place.change("UPDATE facts SET value = ? WHERE name = ?", value, name)
    assert place.verify(place.was["did"])["turn"] == 10
    assert "error: another outcome: after turn 10 the state was" in place.refused(
        place.was["did"], "--replay"
    )
