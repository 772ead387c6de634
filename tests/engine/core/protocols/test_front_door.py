"""The narrow face of the protocols, and that their README tells of all that there is."""

from __future__ import annotations

import re
from pathlib import Path

from engine.core import protocols
from engine.core.protocols import PROTOCOLS, migration, picomesh
from engine.core.protocols.problem_codes import COMMENTS

README = Path(protocols.__file__).with_name("README.md").read_text("utf-8")


def rows() -> set[str]:
    """What stands in the first column of any table."""
    return set(re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE))


def test_the_front_door_is_narrow() -> None:
    """Each protocol's own module is public besides; everything else is ours to change."""
    names = """
    Facts Feature Held Kind NewId Note NothingWaits PROTOCOLS Protocol Reaction State Summary Trouble Waiting
    begin features give_up hear ids_from protocol_of
    """
    assert sorted(protocols.__all__) == sorted(names.split())


def test_every_protocol_is_documented() -> None:
    """By the name that one looks for."""
    assert [protocol.piuri for protocol in PROTOCOLS if protocol.piuri not in rows()] == []


def test_every_message_of_ours_is_documented() -> None:
    """With every member that its table names."""
    for name, kind in picomesh.PROTOCOL.kinds.items():
        assert name in rows()
        (row,) = re.findall(rf"^\| `{name}` \|.*$", README, re.MULTILINE)
        assert [member for member in kind.body if f"`{member}`" not in row] == []


def test_every_message_of_a_move_is_documented() -> None:
    """With every member but those that all of them have."""
    for name, body in migration.BODIES.items():
        (row,) = re.findall(rf"^\| `{name}` \|.*$", README, re.MULTILINE)
        own = body.keys() - {"did", "epoch", "attempt", "approvals"}
        assert [member for member in own if f"`{member}`" not in row] == []


def test_every_problem_code_is_documented() -> None:
    """And no other one."""
    assert {row for row in rows() if re.match(r"e\.[pm]\.", row)} == set(COMMENTS)


def test_every_module_is_documented() -> None:
    """The table of modules has a row for each."""
    modules = {path.stem for path in Path(protocols.__file__).parent.glob("*.py")} - {"__init__"}
    assert modules - rows() == set()
