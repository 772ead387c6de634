"""What the body of a message has to look like, as tables, and the first thing that is wrong with one.

A member that a table does not name is let pass, as minor versions add some. What is said of a bad body
quotes nothing of it: it goes back to whoever sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.didcomm.limits import LARGEST_NUMBER
from engine.core.didcomm.messages import is_message_id
from engine.core.dids import is_did_url, is_kid

Check = Callable[[object, str], str | None]
"""What is wrong with a value that stands under this name; None if nothing is."""

LONGEST_TEXT = 4096
LONGEST_CONTENT = 1 << 18
"""Characters of a text that people write."""
LONGEST_LIST = 1024


@dataclass(frozen=True)
class Field:
    check: Check
    required: bool = True


Shape = Mapping[str, Field]


def problem_in(body: Mapping[str, Any], shape: Shape, within: str = "") -> str | None:
    """The first, in the order of the table."""
    for name, field in shape.items():
        problem = _problem_with(body, name, field, within + name)
        if problem:
            return problem
    return None


def _problem_with(body: Mapping[str, Any], name: str, field: Field, path: str) -> str | None:
    if name in body:
        return field.check(body[name], path)
    return f"{path} is missing" if field.required else None


def need(check: Check) -> Field:
    return Field(check)


def may(check: Check) -> Field:
    return Field(check, required=False)


def _must(condition: bool, path: str, what: str) -> str | None:
    return None if condition else f"{path} is not {what}"


def text(longest: int = LONGEST_TEXT, empty: bool = True) -> Check:
    least = 0 if empty else 1

    def check(value: object, path: str) -> str | None:
        fits = isinstance(value, str) and least <= len(value) <= longest
        return _must(fits, path, f"a text of {least} to {longest} characters")

    return check


def boolean(value: object, path: str) -> str | None:
    return _must(isinstance(value, bool), path, "true or false")


def anything(value: object, path: str) -> str | None:
    return None


def an_object(value: object, path: str) -> str | None:
    return _must(isinstance(value, Mapping), path, "an object")


def did(value: object, path: str) -> str | None:
    return _must(isinstance(value, str) and is_did_url(value), path, "a DID")


def did_or_key(value: object, path: str) -> str | None:
    """Where a message may go next: a party, or one of its keys."""
    return _must(
        isinstance(value, str) and (is_did_url(value) or is_kid(value)), path, "a DID or a key of one"
    )


def message_id(value: object, path: str) -> str | None:
    return _must(isinstance(value, str) and is_message_id(value), path, "the id of a message")


def whole(least: int = 0, most: int = LARGEST_NUMBER) -> Check:
    def check(value: object, path: str) -> str | None:
        fits = type(value) is int and least <= value <= most
        return _must(fits, path, f"a whole number from {least} to {most}")

    return check


def one_of(*choices: str) -> Check:
    def check(value: object, path: str) -> str | None:
        return _must(isinstance(value, str) and value in choices, path, " or ".join(choices))

    return check


def list_of(one: Check, most: int = LONGEST_LIST, least: int = 0) -> Check:
    def check(value: object, path: str) -> str | None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return f"{path} is not a list of {least} to {most}"
        problems = (one(item, f"{path}[{place}]") for place, item in enumerate(value))
        return next((problem for problem in problems if problem), None)

    return check


def object_with(shape: Shape) -> Check:
    def check(value: object, path: str) -> str | None:
        if not isinstance(value, Mapping):
            return f"{path} is not an object"
        return problem_in(value, shape, f"{path}.")

    return check


def either(*checks: Check) -> Check:
    """Whatever the last one says, if none of them is content."""

    def check(value: object, path: str) -> str | None:
        problem = None
        for one in checks:
            problem = one(value, path)
            if problem is None:
                return None
        return problem

    return check
