"""The file with the seed of an engine or of a person: sealed with a passphrase, or in the open.

{"format": 1, "kind": "seed", "seed": "u…"}, or with "sealed": {…} (see `sealing`) instead of "seed". In
either case only its owner may read it. A new file is written beside the old one and takes its place at
once, so there is always a whole one; whoever writes has the home to himself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.adapters.keys.sealing import CannotOpen, Draw, NoBox, seal, unseal
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

FORMAT = 1
KIND = "seed"
SEED_BYTES = 32
LONGEST_FILE = 4096
OTHERS = 0o077
UNFINISHED = ".new"
"""What the file is called before it is whole."""


class KeysUnusable(Exception):
    """The seed cannot be had or kept. The message says why and what to do, and nothing of the seed."""


class SeedFile:
    """The file at a path, which need not be there yet."""

    def __init__(self, path: Path, draw: Draw = os.urandom) -> None:
        self.path = path
        self._draw = draw

    def exists(self) -> bool:
        return self.path.exists()

    def is_sealed(self) -> bool:
        """Whether it takes a passphrase; not so while there is no file."""
        return self.exists() and "sealed" in self._read()

    def open(self, passphrase: str | None) -> bytes:
        """The seed; it is made, and sealed if there is a passphrase, if there is none yet."""
        if not self.exists():
            seed = self._draw(SEED_BYTES)
            self._write(seed, passphrase)
            return seed
        document = self._read()
        return (
            self._unseal(document, passphrase) if "sealed" in document else self._unwrap(document, passphrase)
        )

    def change_passphrase(self, old: str | None, new: str | None) -> None:
        """The same seed under another passphrase, or none."""
        self._write(self.open(old), new)

    def _unwrap(self, document: Mapping[str, Any], passphrase: str | None) -> bytes:
        if passphrase is not None:
            raise KeysUnusable(
                f"a passphrase was given, but {self.path} is not sealed with one; "
                "`picomesh passphrase` seals it, or leave the passphrase out"
            )
        try:
            return self._checked(from_multibase(document["seed"]))
        except (KeyError, TypeError, AttributeError, NotEncoded):
            raise self._damaged() from None

    def _unseal(self, document: Mapping[str, Any], passphrase: str | None) -> bytes:
        if passphrase is None:
            raise KeysUnusable(
                f"{self.path} is sealed with a passphrase, and none was given: put it into "
                "PICOMESH_PASSPHRASE, name a file with it in the setting passphrase_file, or start from a "
                "terminal, which asks"
            )
        try:
            return self._checked(unseal(document["sealed"], passphrase.encode()))
        except CannotOpen:
            raise KeysUnusable(f"this is not the passphrase of {self.path}, or the file is damaged") from None
        except NoBox:
            raise self._damaged() from None

    def _checked(self, seed: bytes) -> bytes:
        if len(seed) != SEED_BYTES:
            raise self._damaged()
        return seed

    def _damaged(self) -> KeysUnusable:
        return KeysUnusable(f"{self.path} is damaged: put a copy of it in its place")

    # --- the file ---

    def _read(self) -> Mapping[str, Any]:
        try:
            with self.path.open("rb") as file:
                mode, text = os.fstat(file.fileno()).st_mode, file.read(LONGEST_FILE)
        except OSError as problem:
            raise KeysUnusable(f"{self.path} cannot be read: {problem.strerror}") from None
        if mode & OTHERS:
            raise KeysUnusable(f"others can read {self.path}; `chmod 600 {self.path}` ends that")
        try:
            document = json.loads(text)
            known = (document["format"], document["kind"]) == (FORMAT, KIND)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._damaged() from None
        if not known:
            raise KeysUnusable(f"{self.path} is of a kind or format that this version does not know")
        return document if isinstance(document, dict) else {}

    def _write(self, seed: bytes, passphrase: str | None) -> None:
        secret = (
            {"seed": to_multibase("u", seed)}
            if passphrase is None
            else {"sealed": seal(seed, passphrase.encode(), self._draw)}
        )
        text = json.dumps({"format": FORMAT, "kind": KIND, **secret}) + "\n"
        unfinished = self.path.with_name(self.path.name + UNFINISHED)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileNotFoundError):
                unfinished.unlink()  # of somebody who did not come to the end
            _write_durably(unfinished, text)
            unfinished.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as problem:
            raise KeysUnusable(f"{self.path} cannot be written: {problem.strerror}") from None


def _write_durably(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Without it a power cut may leave the folder as it was before the file had its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
