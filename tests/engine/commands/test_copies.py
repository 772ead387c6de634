"""People are told where a sealed state is, and not where it was once meant to be."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands.copies import demand_copies, show_copies
from engine.commands.failure import Failure

NOWHERE = {"copies": 1, "known": 0, "chosen": [], "held": [], "problems": {}}
ONE = {**NOWHERE, "known": 2, "chosen": ["a"]}
TWO = {**NOWHERE, "copies": 2, "known": 2, "chosen": ["a", "b"]}


@pytest.mark.parametrize(
    ("replication", "said"),
    [
        (NOWHERE, "kept  in this engine alone; ipfs_api in picomesh.toml names IPFS nodes that have it too"),
        (NOWHERE | {"known": 1, "copies": 0}, "kept  in this engine alone"),
        (ONE, "kept  in this engine alone\non its way to a"),
        (ONE | {"held": ["a"]}, "kept  in this engine and in a"),
        (TWO | {"held": ["a", "b"]}, "kept  in this engine and in 2 nodes: a, b"),
        (TWO | {"held": ["b"]}, "kept  in this engine and in 1 of 2 nodes: b\non its way to a"),
        (
            TWO | {"held": ["b"], "problems": {"a": "it is full"}},
            "kept  in this engine and in 1 of 2 nodes: b\na fails, and is tried again: it is full",
        ),
        (
            ONE | {"copies": 3, "held": ["a"]},
            "kept  in this engine and in a\n2 more copies are wanted, and there is no other node that may "
            "have it: ipfs_api names nodes",
        ),
    ],
)
def test_what_has_it_is_told(
    replication: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is to have it and has not, and what keeps it from that."""
    show_copies(replication)
    assert "\n".join(line.strip() for line in capsys.readouterr().out.splitlines()) == said


def test_who_waits_in_vain_is_told() -> None:
    """With an exit code that is not 0; and nobody else is."""
    demand_copies({"sealed": [{"replication": NOWHERE}, {"replication": ONE | {"held": ["a"]}}]})
    with pytest.raises(Failure, match="1 pico has not all copies after 300 s"):
        demand_copies({"sealed": [{"replication": TWO | {"held": ["a"]}}]})
