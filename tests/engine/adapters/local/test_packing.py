"""What is written is read again, whatever it is and however long ago that was."""

from __future__ import annotations

import zlib
from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.local.journal import SqliteJournal
from engine.adapters.local.packing import DICTIONARY, LARGEST, MARK, pack, unpack
from engine.core.births import new_pico
from engine.core.model import Channel, Eci, PicoId
from engine.core.records import begin, encode_snapshot
from engine.ports import AppendRecord, BirthPico
from tests.engine.in_loop import in_loop

ANN = PicoId("ann")


@given(st.binary())
def test_any_body_comes_back(body: bytes) -> None:
    """Also one that begins like a compressed one."""
    assert unpack(pack(body)) == body
    assert unpack(pack(MARK + body)) == MARK + body


def test_a_long_body_comes_back() -> None:
    """It is left as it is, unless that would look compressed."""
    body = b"{" + b"x" * LARGEST
    assert pack(body) == body
    assert unpack(pack(body)) == body
    assert unpack(pack(MARK + body)) == MARK + body


def test_a_young_pico_is_small() -> None:
    """Its snapshot takes a third of its length, ids and all."""
    family = Channel(Eci("cyl3vvejd3y1pgpp3ct2eobxp"), ("system", "child"), family=PicoId("c" + "0f" * 12))
    snapshot = encode_snapshot(begin(new_pico(PicoId("czcoi0aaojvrq653loaj18gem"), None, [family])))
    assert len(pack(snapshot)) < len(snapshot) / 3


def test_the_dictionary_is_the_one_of_the_first_release() -> None:
    """Whoever changes it cannot read what was written before; a new one needs a mark of its own."""
    assert sha256(DICTIONARY).hexdigest() == (
        "02106be340dcf81a88a776219e48a677df4a028c348f69a919aee73a62ac2a35"
    )
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    assert unpack(MARK + deflate.compress(b"by other settings") + deflate.flush()) == b"by other settings"


def test_damage_is_left_for_readers_of_bodies_to_find() -> None:
    """They name the record; that a body cannot be unpacked says less."""
    damaged = MARK + b"no deflate"
    assert unpack(damaged) == damaged


@in_loop
async def test_the_file_has_it_compressed_and_readers_do_not_notice(tmp_path: Path) -> None:
    """Record, event and pico are found as they were given."""
    body = b'{"format":1,"seq":1,"previous":"","turn":{"event":{"eci":"ann"}}}'
    snapshot = encode_snapshot(begin(new_pico(ANN)))
    journal = SqliteJournal(tmp_path / "j")
    await journal.commit([BirthPico(ANN, None, 0, snapshot), AppendRecord(ANN, 1, "e", body)])  # type: ignore[arg-type]
    stored = journal.load(ANN)
    assert stored is not None
    assert (stored.snapshot, stored.records) == (snapshot, [body])
    assert journal.records(ANN, 1, 1) == [body]
    assert journal.find_record(ANN, "e") == body  # type: ignore[arg-type]
    await journal.close()
    assert body not in (tmp_path / "j").read_bytes()
