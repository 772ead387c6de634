"""Envelopes of every version, and of another stack, are read for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.adapters.didcomm import unpack
from tests.engine.adapters.didcomm.keeping import KEPT, MESSAGE, envelopes
from tests.engine.adapters.didcomm.people import ALICE, BOB, NOW_S, keyring, message

OURS = [path for path in sorted(KEPT.rglob("*.json")) if not path.parent.name.startswith("veramo")]
VERAMOS = sorted(KEPT.glob("veramo-*/*.json"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_version_packed_is_read(path: Path) -> None:
    """Its file's name says its layers, from the outside to the inside, then a curve or an algorithm."""
    unpacked = unpack(path.read_bytes(), keyring(BOB), NOW_S)
    layers = tuple(word for word in path.stem.split("-") if word in ("anoncrypt", "authcrypt", "signed"))
    assert (unpacked.message, unpacked.layers) == (MESSAGE, layers)
    proven = {"authcrypt", "signed"} & set(layers)
    assert unpacked.sender == (ALICE.did if proven else None)


@pytest.mark.parametrize("path", VERAMOS, ids=lambda path: path.stem)
def test_what_veramo_packed_is_read(path: Path) -> None:
    """Anonymously, without `apv`."""
    unpacked = unpack(path.read_bytes(), keyring(BOB), NOW_S)
    assert unpacked.message == message(id="v1", created_time=None, body={"a": 1})
    assert (unpacked.layers, unpacked.sender) == (("anoncrypt",), None)


def test_what_is_packed_is_still_the_same() -> None:
    """Byte for byte; whoever means to change the format keeps envelopes of a new version."""
    folders = [folder for folder in KEPT.iterdir() if folder.name[0].isdigit()]
    newest = max(folders, key=lambda folder: [int(part) for part in folder.name.split(".")])
    assert envelopes() == {path.stem: path.read_bytes() for path in newest.glob("*.json")}


def test_there_are_envelopes_of_every_kind() -> None:
    """Else the tests above would run over nothing."""
    assert len(OURS) >= 14
    assert len(VERAMOS) == 6
