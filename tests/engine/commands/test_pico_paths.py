"""Picos are found by their names, from the root down."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands.failure import Failure
from engine.commands.pico_paths import eci_at, names_in


def pico(name: str | None, eci: str | None, *children: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "eci": eci, "children": list(children)}


FAMILY = pico(
    None,
    "r",
    pico("Kitchen", "k", pico("Lamp", "l"), pico("Lamp", "m"), pico("Stove", None)),
    pico("Hall", "h") | {"is_cut": True},
)


@pytest.mark.parametrize(
    ("word", "names"),
    [("root/Kitchen/Lamp", ["Kitchen", "Lamp"]), ("root", None), ("c0ffee", None), ("rooted/x", None)],
)
def test_a_path_begins_at_the_root(word: str, names: list[str] | None) -> None:
    """Everything else is an ECI, or the root pico itself."""
    assert names_in(word) == names


def test_a_pico_is_known_by_the_channel_that_people_use() -> None:
    assert eci_at(FAMILY, ["Kitchen"]) == "k"


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        (["Cellar"], "root has no child called 'Cellar'", "root/Hall, root/Kitchen"),
        (["Kitchen", "Lamp"], "2 picos are called root/Kitchen/Lamp", "by its ECI: l, m"),
        (["Kitchen", "Lamp", "x"], "2 picos are called root/Kitchen/Lamp", "by its ECI: l, m"),
        (["Kitchen", "Stove"], "root/Kitchen/Stove has no channel", "install that on it"),
        (["Hall", "Lamp"], "picos below root/Hall are too deep", "its ECI"),
    ],
)
def test_what_cannot_be_found_says_why(names: list[str], message: str, hint: str) -> None:
    """And what there is instead."""
    with pytest.raises(Failure) as failure:
        eci_at(FAMILY, names)
    assert message in failure.value.message
    assert hint in (failure.value.hint or "")
