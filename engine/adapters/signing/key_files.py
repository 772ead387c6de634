"""An author's key as a file that only its owner can read. The seed in it is never shown by anything.

{"format": 1, "kind": "Ed25519", "seed": "u…"}
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from engine.adapters.signing.ed25519 import SEED_BYTES
from engine.core.multiformats import NotEncoded, from_multibase, to_multibase

FORMAT = 1
KIND = "Ed25519"
OTHERS = 0o077


class KeyFileUnusable(Exception):
    """A key that cannot be read or written. The message says why and what to do, and nothing of the key."""


def write_key(path: Path, seed: bytes) -> None:
    """Make the file; one that is there already stays as it is."""
    document = json.dumps({"format": FORMAT, "kind": KIND, "seed": to_multibase("u", seed)}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise KeyFileUnusable(f"{path} is there already, and a key that is overwritten is lost") from None
    except OSError as problem:
        raise KeyFileUnusable(f"{path} cannot be written: {problem.strerror}") from None


def read_key(path: Path) -> bytes:
    """The seed."""
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(1024)
    except FileNotFoundError:
        raise KeyFileUnusable(f"there is no key {path}; `picomesh key new {path}` makes one") from None
    except OSError as problem:
        raise KeyFileUnusable(f"{path} cannot be read: {problem.strerror}") from None
    if mode & OTHERS:
        raise KeyFileUnusable(f"others can read {path}; `chmod 600 {path}` ends that")
    return _read_seed(text, path)


def _read_seed(text: bytes, path: Path) -> bytes:
    try:
        document = json.loads(text)
        if (document["format"], document["kind"]) != (FORMAT, KIND):
            raise ValueError
        seed = from_multibase(document["seed"])
    except (ValueError, KeyError, TypeError, AttributeError, NotEncoded):
        raise KeyFileUnusable(f"{path} is no key of an author; `picomesh key new` makes one") from None
    if len(seed) != SEED_BYTES:
        raise KeyFileUnusable(f"{path} is damaged: its key is not as long as it should be")
    return seed
