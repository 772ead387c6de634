"""One method of a route: what it takes and what it gives, and whether a request is like that.

What stands in a query string or a form is text, and read as what it is to be; JSON is already something, and
has to be the right thing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.adapters.http.problems import Problem, malformed
from engine.adapters.http.requests import Request

JSON = "application/json"
TEXT = "text/plain"
HINT = "/openapi.json says what every route takes"

SAME = {"HEAD": "GET"}
"""Methods that are another one as far as anybody declares."""


@dataclass(frozen=True, slots=True)
class Operation:
    gives: Any
    """The type of the answer; None where there is nothing in it."""
    takes: type[msgspec.Struct] | None = None
    """The type of the parameters."""
    status: int = 200
    sends: str = JSON
    """The media type of the body."""
    gives_as: str = JSON
    """The media type of the answer."""
    is_free: bool = False
    """Whether there may be any other parameters, as attributes of an event are."""


def operations_of(path: str, table: Mapping[str, Mapping[str, Operation]]) -> Mapping[str, Operation]:
    return table.get(path, {})


def find_operation(declared: Mapping[str, Operation], method: str) -> Operation:
    """The one of that method. Raises `Problem` where there is none."""
    found = declared.get(SAME.get(method, method))
    if found is None:
        takes = " or ".join(declared)
        raise Problem(405, "method", f"this takes {takes}, and not {method}", hint=HINT)
    return found


async def demand_fitting(request: Request, operation: Operation) -> None:
    """Raises `Problem`, with the name of what does not fit."""
    if operation.takes is None:
        return
    texts, document = await request.said(with_body=operation.sends == JSON)
    given = {name: _as_whole(value) for name, value in document.items()}
    try:
        msgspec.convert({**_read_texts(operation.takes, texts), **given}, operation.takes)
    except msgspec.ValidationError as problem:
        raise malformed(_in_words(str(problem)), HINT) from None


def _read_texts(kind: type[msgspec.Struct], texts: Mapping[str, Any]) -> dict[str, Any]:
    fields = {one.encode_name: one.type for one in msgspec.structs.fields(kind)}
    return {name: _read_text(name, text, fields[name]) for name, text in texts.items() if name in fields}


def _read_text(name: str, text: Any, kind: Any) -> Any:
    if text == "" and kind in (bool, bool | None):
        return True  # `?full` says yes
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise malformed(_in_words(f"{problem} - at `$.{name}`"), HINT) from None


def _as_whole(value: Any) -> Any:
    """JSON knows no whole numbers: 5.0 is 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WORDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number with a fraction",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
EXPECTED = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?(.*)", re.DOTALL)
MISSING = re.compile(r"Object missing required field `([^`]+)`")


def _in_words(problem: str) -> str:
    """`Expected `str`, got `int` - at `$.eci``, as a person would say it."""
    said, _, place = problem.partition(" - at `$")
    where = place.rstrip("`").lstrip(".")
    if missing := MISSING.fullmatch(said):
        return f"{where}.{missing[1]} is missing" if where else f"{missing[1]} is missing"
    if expected := EXPECTED.fullmatch(said):
        wanted, got, more = expected.groups()
        known = " or ".join(WORDS.get(one, one) for one in wanted.split(" | "))
        said = f"is to be {known}{more}" + (f", and not {WORDS.get(got, got)}" if got else "")
        return f"{where or 'this'} {said}"
    said = said[:1].lower() + said[1:]
    return f"{where}: {said}" if where else said
