"""How modules are declared, and what is said about those that cannot be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

import pytest

from engine.plugins import BadModule, Call, Module
from tests.fakes.garden import ARITHMETIC, Garden


def test_signatures_are_read_from_python() -> None:
    """Names, types and defaults of parameters, and the first line of the docstring."""
    shown = {name: (one.kind, one.signature) for name, one in Garden().module().members.items()}
    assert shown == {
        "celsius": ("function", "fahrenheit: Number"),
        "read": ("question", 'place: String = "bed"'),
        "turn": ("question", "share: Number"),
        "anything": ("question", ""),
        "water": ("effect", "litres: Number, autosend"),
    }
    bed = ARITHMETIC.members["bed"]
    assert bed.signature == 'row: Integer, name: String = "herbs", sizes: Array or null, more: Map or null'
    assert bed.about == "A bed, with whatever it was given."


def test_the_meter_is_no_parameter_of_rulesets() -> None:
    assert ARITHMETIC.members["sow"].signature == "count: Integer"
    assert ARITHMETIC.members["sow"].takes_meter


def test_annotations_of_many_spellings_mean_the_same() -> None:
    def member(a: Sequence[Any], b: Mapping[str, Any], c: Optional[float], d: Any, e, f: bool = False):  # type: ignore[no-untyped-def]  # noqa: UP045
        return None

    shown = Module("m", functions={"f": member}).members["f"].signature
    assert shown == "a: Array, b: Map, c: Number or null, d: Any, e: Any, f: Boolean = false"


def test_callables_of_all_kinds_can_be_members() -> None:
    """Methods, partial functions and objects that can be called."""

    class Adding:
        def __call__(self, a: float, b: float = 1.0) -> float:
            return a + b

    module = Module("m", functions={"one": Adding(), "two": functools.partial(Adding(), 2.0)})
    assert [one.signature for one in module.members.values()] == ["a: Number, b: Number = 1", "b: Number = 1"]


async def wait(call: Call) -> None: ...


def plain(a: float) -> float:
    return a


def listing(*items: float) -> None: ...


def named(*, a: float) -> None: ...


def strange(a: set[float]) -> None: ...


def undecided(a: float | str) -> None: ...


def unknown(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def odd_default(a: Any = object) -> None: ...


async def without_call(a: float) -> None: ...


async def with_autosend(call: Call, autosend: str) -> None: ...


@pytest.mark.parametrize(
    ("declare", "reason"),
    [
        (lambda: Module("m"), "the module m has no members"),
        (lambda: Module("no name", functions={"f": plain}), "cannot be called 'no name'"),
        (lambda: Module("ent", functions={"f": plain}), "cannot be called 'ent'"),
        (lambda: Module("function", functions={"f": plain}), "no reserved word"),
        (lambda: Module("m", functions={"null": plain}), "a member of the module m cannot be called 'null'"),
        (lambda: Module("m", functions={"f": plain}, questions={"f": wait}), "two members called f"),
        (lambda: Module("m", functions={"f": wait}), "m:f cannot be a member of a module: it is async"),
        (lambda: Module("m", functions={"f": listing}), "its parameter items cannot be passed by place"),
        (lambda: Module("m", functions={"f": named}), "its parameter a cannot be passed by place"),
        (lambda: Module("m", functions={"f": strange}), "its parameter a is annotated set"),
        (lambda: Module("m", functions={"f": undecided}), "its parameter a is annotated float | str"),
        (lambda: Module("m", functions={"f": unknown}), "its annotations cannot be read"),
        (lambda: Module("m", functions={"f": odd_default}), "the default of its parameter a is an object"),
        (lambda: Module("m", functions={"f": 3}), "3 is no function"),  # type: ignore[dict-item]
        (lambda: Module("m", questions={"q": plain}), "it is not async"),  # type: ignore[dict-item]
        (lambda: Module("m", questions={"q": without_call}), "first parameter has to be the Call"),
        (lambda: Module("m", effects={"e": with_autosend}), "autosend is a parameter that every effect has"),
    ],
)
def test_what_cannot_be_a_module(declare: Callable[[], Module], reason: str) -> None:
    """It is refused where it is declared, with the module, the member and what to do."""
    with pytest.raises(BadModule, match=reason):
        declare()
