"""Where commands have the key from that opens a sealed state: a passphrase, an owner's file, or a home."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from engine.adapters.keys import KeyBoxes, SeedFile, SeedKeys
from engine.adapters.keys.sealing import CannotOpen, NoBox, seal, unseal
from engine.commands.failure import Failure
from engine.commands.own_keys import open_keys
from engine.commands.passphrase import find_passphrase
from engine.config import EXPORT_PASSPHRASE, Settings
from engine.core.blocks.enclosures import LockedKeys
from engine.core.blocks.keys_block import unpack_keys
from engine.runtime.exports import Lock
from engine.runtime.state_keys import OPENING, Opens, opened_with
from engine.wiring import SEED_FILE


@dataclass(frozen=True, slots=True)
class Opener:
    """A key, and what people call it."""

    name: str
    opens: Opens
    keys: SeedKeys | None = None
    """All that is in the file, if it is one that was named."""
    file: Path | None = None


def find_opener(settings: Settings, key: Path | None, locked: LockedKeys | None) -> Opener | None:
    """The file that was named; else the passphrase, if the keys are under one; else the keys of the home, if
    it has any."""
    if key is not None:
        if not key.exists():
            raise Failure(f"there is no key {key}", "--key names an owner's key file, or an engine.key")
        keys = open_keys(key)
        return Opener(f"the key {key}", _seeded(keys), keys, key)
    if locked is not None and (phrase := _export_passphrase(ask_twice=False)) is not None:
        return Opener("the passphrase", _unlocked(locked, phrase))
    file = SeedFile(settings.home / SEED_FILE)
    if file.exists():
        return Opener(f"the keys of {settings.home}", _seeded(SeedKeys(file.open(find_passphrase(settings)))))
    return None


def _seeded(keys: SeedKeys) -> Opens:
    return opened_with([keys.derive(OPENING)], KeyBoxes(os.urandom))


def _unlocked(locked: LockedKeys, phrase: str) -> Opens:
    try:
        keys = unpack_keys(locked.pico, unseal(locked.sealed, phrase.encode()))
    except CannotOpen:
        raise Failure(
            "wrong passphrase: this is not the one that the keys in the file were sealed with",
            f"it is asked for, or taken from {EXPORT_PASSPHRASE}; --key FILE does without it",
            code="wrong-passphrase",
        ) from None
    except NoBox as problem:
        raise Failure(f"the keys in the file cannot be read: {problem}") from None

    def opens(pico: str, boxes: Sequence[bytes]) -> Mapping[int, bytes]:
        if pico != locked.pico:
            raise Failure(f"wrong key: the keys in the file are those of {locked.pico}", code="wrong-key")
        return keys

    return opens


def locking() -> Lock:
    """Seals keys with a passphrase, which is asked for twice."""
    phrase = _export_passphrase(ask_twice=True)
    if not phrase:
        raise Failure(
            "the keys are sealed with a passphrase, and none was given",
            f"put one into {EXPORT_PASSPHRASE}, or type it at a terminal",
        )
    return lambda secret: seal(secret, phrase.encode(), os.urandom)


def _export_passphrase(ask_twice: bool) -> str | None:
    given = os.environ.get(EXPORT_PASSPHRASE)
    if given or not sys.stdin.isatty():
        return given or None
    prompt = "Passphrase for the keys in the file" if ask_twice else "Passphrase of the keys in the file"
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=ask_twice, err=True))
