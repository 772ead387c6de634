"""The engine's seed survives restarts and crashes, and whoever may not have it is told why."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.keys import KeysUnusable, SeedFile, SeedKeys
from engine.adapters.keys.seed_files import SEED_BYTES, UNFINISHED

PASSPHRASE = "correct horse"


@pytest.fixture
def file(tmp_path: Path) -> SeedFile:
    return SeedFile(tmp_path / "home" / "engine.key")


def test_a_seed_is_made_once(file: SeedFile) -> None:
    """Opened again, it is the same; nobody else may read it."""
    seed = file.open(None)
    assert SeedFile(file.path).open(None) == seed
    assert len(seed) == SEED_BYTES
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert not file.is_sealed()


def test_a_sealed_seed_needs_its_passphrase(file: SeedFile) -> None:
    """With it it is the same seed, which does not stand in the file."""
    seed = file.open(PASSPHRASE)
    assert file.is_sealed()
    assert SeedFile(file.path).open(PASSPHRASE) == seed
    assert "seed" not in json.loads(file.path.read_text()).keys() - {"kind"}
    with pytest.raises(KeysUnusable, match="not the passphrase"):
        file.open("wrong")
    with pytest.raises(KeysUnusable, match="none was given"):
        file.open(None)


def test_a_passphrase_for_an_open_file_is_an_error(file: SeedFile) -> None:
    """Somebody believes that it is sealed, and it is not."""
    file.open(None)
    with pytest.raises(KeysUnusable, match="is not sealed"):
        file.open(PASSPHRASE)


def test_the_passphrase_can_be_changed_and_left_off(file: SeedFile) -> None:
    """The seed stays what it is."""
    seed = file.open(None)
    file.change_passphrase(None, PASSPHRASE)
    assert file.open(PASSPHRASE) == seed
    file.change_passphrase(PASSPHRASE, "another")
    assert file.open("another") == seed
    file.change_passphrase("another", None)
    assert file.open(None) == seed


def test_a_crash_before_the_new_file_has_its_name_leaves_the_old_one(
    file: SeedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it left behind is in nobody's way."""
    seed = file.open(None)

    def crash(*_: object) -> None:
        raise OSError(5, "the power went out")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeysUnusable, match="the power went out"):
            file.change_passphrase(None, PASSPHRASE)
    assert file.path.with_name(file.path.name + UNFINISHED).exists()
    assert file.open(None) == seed
    file.change_passphrase(None, PASSPHRASE)
    assert file.open(PASSPHRASE) == seed
    assert not file.path.with_name(file.path.name + UNFINISHED).exists()


def test_a_crash_at_the_very_first_write_is_no_seed(file: SeedFile) -> None:
    """Half a file was never anybody's key."""
    file.path.parent.mkdir()
    file.path.with_name(file.path.name + UNFINISHED).write_text('{"format": 1')
    assert len(file.open(None)) == SEED_BYTES


def test_a_file_that_others_can_read_is_refused(file: SeedFile) -> None:
    """It says how to mend it."""
    file.open(None)
    file.path.chmod(0o644)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        file.open(None)


SEALED = {
    "kdf": "argon2id",
    "operations": 3,
    "memory": 1 << 26,
    "salt": "u" + "A" * 22,
    "nonce": "u",
    "box": "u",
}


@pytest.mark.parametrize(
    ("text", "passphrase"),
    [
        ("", None),
        ("[]", None),
        ("{", None),
        ('{"format": 1, "kind": "seed"}', None),
        ('{"format": 1, "kind": "seed", "seed": 7}', None),
        ('{"format": 1, "kind": "seed", "seed": "uAAAA"}', None),
        ('{"format": 2, "kind": "seed", "seed": "uAAAA"}', None),
        ('{"format": 1, "kind": "Ed25519", "seed": "uAAAA"}', None),
        ("[" * 4000, None),
        (json.dumps({"format": 1, "kind": "seed", "sealed": []}), PASSPHRASE),
        (json.dumps({"format": 1, "kind": "seed", "sealed": {}}), PASSPHRASE),
        (json.dumps({"format": 1, "kind": "seed", "sealed": SEALED}), PASSPHRASE),
        (json.dumps({"format": 1, "kind": "seed", "sealed": SEALED | {"memory": 1 << 40}}), PASSPHRASE),
        (json.dumps({"format": 1, "kind": "seed", "sealed": SEALED | {"operations": True}}), PASSPHRASE),
        (json.dumps({"format": 1, "kind": "seed", "sealed": SEALED | {"kdf": "md5"}}), PASSPHRASE),
    ],
)
def test_a_damaged_file_is_told_from_a_wrong_passphrase(
    file: SeedFile, text: str, passphrase: str | None
) -> None:
    """It is named, left as it is, and no other exception comes of it."""
    file.path.parent.mkdir()
    file.path.write_text(text)
    file.path.chmod(0o600)
    with pytest.raises(KeysUnusable, match=r"damaged|does not know"):
        file.open(passphrase)
    assert file.path.read_text() == text


@pytest.mark.parametrize("changes", [{"format": 2}, {"kind": "Ed25519"}])
def test_a_file_of_a_later_version_is_not_read_as_one_of_this(
    file: SeedFile, changes: dict[str, Any]
) -> None:
    """Though it has all that this one needs: it may mean something else."""
    file.open(None)
    file.path.write_text(json.dumps(json.loads(file.path.read_text()) | changes))
    with pytest.raises(KeysUnusable, match="does not know"):
        file.open(None)


@pytest.mark.parametrize(
    "changes",
    [{"memory": 1 << 40}, {"memory": 1 << 40, "operations": 1 << 40}, {"operations": True}, {"kdf": "md5"}],
)
def test_a_box_is_opened_in_the_ways_that_are_known(file: SeedFile, changes: dict[str, Any]) -> None:
    """And that this machine can bear, whoever wrote the file."""
    file.open(PASSPHRASE)
    document = json.loads(file.path.read_text())
    file.path.write_text(json.dumps(document | {"sealed": document["sealed"] | changes}))
    with pytest.raises(KeysUnusable, match="damaged"):
        file.open(PASSPHRASE)


def test_what_is_changed_in_a_box_does_not_open(file: SeedFile) -> None:
    """Every one of its bytes is vouched for."""
    file.open(PASSPHRASE)
    document = json.loads(file.path.read_text())
    box = document["sealed"]["box"]
    document["sealed"]["box"] = box[:-2] + ("A" if box[-2] != "A" else "B") + box[-1]
    file.path.write_text(json.dumps(document))
    with pytest.raises(KeysUnusable, match="not the passphrase"):
        file.open(PASSPHRASE)


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    """Here because it is a file itself."""
    (tmp_path / "home").write_text("")
    with pytest.raises(KeysUnusable, match="cannot be"):
        SeedFile(tmp_path / "home" / "engine.key").open(None)


def test_each_purpose_has_its_own_key() -> None:
    """The same one again for the same purpose and seed, and no other."""
    keys = SeedKeys(b"\1" * 32)
    assert keys.derive("engine") == SeedKeys(b"\1" * 32).derive("engine")
    assert (
        len({keys.derive("engine"), keys.derive("engine/"), SeedKeys(os.urandom(32)).derive("engine")}) == 3
    )


def test_derivation_is_what_it_was() -> None:
    """Identities of engines hang on it for ever."""
    assert SeedKeys(bytes(range(32))).derive("engine/authentication").hex() == DERIVED


DERIVED = "0a69830a6510919b350855dd883ef896b9cb7342c8c1bcbda55f19ef2cedc11d"
