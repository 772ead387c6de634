"""Picos are found by their names, from the root down."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands.failure import Failure
from engine.commands.pico_paths import PicoPath, eci_at, path_in, tagged


def pico(name: str | None, eci: str | None, *children: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "eci": eci, "children": list(children)}


FAMILY = pico(
    None,
    "r",
    pico("Kitchen", "k", pico("Lamp", "l"), pico("Lamp", "m"), pico("Stove", None)),
    pico("Hall", "h") | {"is_cut": True},
)


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("root/Kitchen/Lamp", PicoPath(["Kitchen", "Lamp"], None)),
        ("root", PicoPath([], None)),
        ("root#guest", PicoPath([], "guest")),
        ("root/Kitchen#a guest", PicoPath(["Kitchen"], "a guest")),
        ("c0ffee", None),
        ("rooted/x", None),
    ],
)
def test_a_path_begins_at_the_root(word: str, path: PicoPath | None) -> None:
    """Everything else is an ECI."""
    assert path_in(word) == path


def test_a_channel_is_meant_by_its_tag() -> None:
    channels = [{"id": "a", "tags": ["ui", "guest"]}, {"id": "b", "tags": ["ui"]}]
    assert tagged(channels, PicoPath(["Kitchen"], "guest")) == "a"
    with pytest.raises(Failure, match="2 channels of root/Kitchen are tagged 'ui'"):
        tagged(channels, PicoPath(["Kitchen"], "ui"))
    with pytest.raises(Failure, match="root has no channel tagged 'x'"):
        tagged(channels, PicoPath([], "x"))


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
