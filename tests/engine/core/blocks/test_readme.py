"""What the README of the blocks shows is what can be done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from engine.adapters.signing.ed25519 import public_key, sign, verify
from engine.core import blocks
from engine.core.blocks import errors, heads
from engine.core.blocks.errors import BlockError
from engine.core.cids import cid_of
from engine.core.did_keys import to_did_key
from tests.engine.core.blocks.people import BESIDE, TEXT, rich_head
from tests.engine.core.blocks.shelf import KEY

README = (Path(blocks.__file__).parent / "README.md").read_text("utf-8")
SEED = bytes(32)
SHOWN = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_a_state_is_sealed_and_read_as_shown() -> None:
    """The first example, word for word."""
    head = rich_head()
    names: dict[str, Any] = {
        "state_key": KEY,
        "text_of_a_ruleset": lambda _: TEXT,
        "head": head,
        "beside": BESIDE,
    }
    names["get"] = lambda wanted: {cid: names["blocks"].new[cid] for cid in wanted}
    exec(SHOWN[0], names)
    assert names["state"].head == head
    assert names["state"].beside == BESIDE


def test_a_head_is_signed_and_read_as_shown() -> None:
    """The last one."""
    names: dict[str, Any] = {
        **{name: getattr(heads, name) for name in ("StateHead", "sign_head", "read_head", "follow")},
        **{"did": "did:example:pico", "epoch": 1, "turn": 2, "root": cid_of(b"")},
        **{"keys": cid_of(b"keys"), "previous": None},
        **{"time_ms": 3, "key": to_did_key(public_key(SEED)), "known": None, "verify": verify},
        **{"sign": lambda message: sign(SEED, message), "may_sign": lambda head: head.epoch == 1},
    }
    exec(SHOWN[2], names)
    assert names["newest"].head == names["says"]


def test_every_error_is_explained() -> None:
    """By its name, in the table."""
    known = {
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, BlockError)
    }
    assert set(re.findall(r"`(\w+)`", README)) >= known - {"BlockError"}


def test_every_module_is_named() -> None:
    """In the first table."""
    modules = {path.stem for path in Path(blocks.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(re.findall(r"`(\w+)`", README)) >= modules
