"""What `pico_lang/README.md` lists is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pico_lang
from pico_lang.diagnostics import CODES, diagnostic
from pico_lang.errors import FAULTS, RuntimeFault
from pico_lang.source import NOWHERE

PACKAGE = Path(pico_lang.__file__).parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_every_code_is_documented_with_its_meaning() -> None:
    """The tables of the README and those of the code say the same, line by line."""
    listed = dict(re.findall(r"^\| `([KR]\d{3})` \| (.*) \|$", README, re.MULTILINE))
    assert listed == CODES | FAULTS


def test_every_code_that_the_source_mentions_is_listed() -> None:
    mentioned: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        mentioned |= set(re.findall(r'"([KR]\d{3})"', path.read_text(encoding="utf-8")))
    assert mentioned <= set(CODES | FAULTS)


def test_a_code_that_is_not_listed_cannot_be_used() -> None:
    with pytest.raises(KeyError):
        diagnostic("K999", "never", NOWHERE)
    with pytest.raises(KeyError):
        RuntimeFault("R999", "never")


def test_modules_of_the_table_exist() -> None:
    """Also when they are moved."""
    table = README.split("## The way of a ruleset")[1].split("Values are described")[0]
    for name in re.findall(r"`([a-z_]+(?:/|\.lark)?)`", table):
        if name == "nodes" or name.endswith((".lark", "/")):
            assert (PACKAGE / name.rstrip("/")).exists() or (PACKAGE / f"{name}.py").exists(), name
        else:
            assert (PACKAGE / f"{name}.py").exists(), name
