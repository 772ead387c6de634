"""Lines as events: what each of them says, and up to which of them all is settled.

The place is kept in a file, so that whoever is interrupted goes on there. It may lag behind, since the id of
an event follows from the number of its line: what is sent again is answered from the record.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from engine.commands.failure import Failure

LONGEST = 16 << 20
"""Bytes of a line; an engine takes less."""


class BadLine(Exception):
    """A line that says no event."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    """From one."""
    raw: bytes

    @property
    def is_empty(self) -> bool:
        return not self.raw.strip()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How lines are to be read."""

    event: tuple[str, str] | None
    """What all of them are; else each says so itself."""
    text: str | None = None
    """The attribute that a line is as it stands; else it is JSON."""


@dataclass(frozen=True, slots=True)
class Said:
    """An event as a line says it."""

    event: tuple[str, str]
    attributes: Mapping[str, Any]


def read_lines(stream: IO[bytes]) -> Iterator[Line]:
    """One after the other, as they come; no more than one is held."""
    number = 0
    while raw := stream.readline(LONGEST + 1):
        number += 1
        while len(raw) > LONGEST and not raw.endswith(b"\n"):
            rest = stream.readline(LONGEST + 1)
            raw = raw[: LONGEST + 1]
            if not rest or rest.endswith(b"\n"):
                break
        yield Line(number, raw)


def read_event(line: Line, wanted: Wanted) -> Said:
    """Raises `BadLine`."""
    if len(line.raw) > LONGEST:
        raise BadLine(f"it has more than {LONGEST:,} bytes")
    try:
        text = line.raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as problem:
        raise BadLine(f"it is not UTF-8: {problem.reason} at byte {problem.start}") from None
    if wanted.text is not None:
        assert wanted.event is not None, "the command has seen to that"
        return Said(wanted.event, {wanted.text: text})
    found = _read_object(text)
    return _read_whole(found) if wanted.event is None else Said(wanted.event, found)


def _read_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BadLine(f"it is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadLine('it is no JSON object, such as {"by": 1}')
    return found


def _read_whole(found: Mapping[str, Any]) -> Said:
    """`{"event": "domain:type", "attributes": {…}}`."""
    name, attributes = found.get("event"), found.get("attributes", {})
    domain, _, kind = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not domain or not kind or not isinstance(attributes, dict) or found.keys() - {"event", "attributes"}:
        raise BadLine('it does not have the form {"event": "domain:type", "attributes": {…}}')
    return Said((domain, kind), attributes)


# --- how far it is -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Place:
    """Up to which line everything is settled, and of which input."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    """The ids of the events begin with it."""
    line: int = 0
    digest: str = ""
    """Of the lines up to there, one on top of the other."""

    def eid(self, line: Line) -> str:
        """Of the event that a line is: the same however often it is sent."""
        return f"{self.name}-{line.number}"


def digest_with(digest: str, line: Line) -> str:
    """That of the lines before, and this one."""
    return sha256(digest.encode() + line.raw).hexdigest()


def read_place(file: Path) -> Place:
    """Where somebody stopped; the beginning if there is no such file."""
    try:
        return Place(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return Place()
    except (OSError, ValueError, TypeError) as problem:
        raise Failure(
            f"{file} does not say how far a pipe was: {problem}", "name another file", code="bad-place"
        ) from None


def write_place(file: Path, place: Place) -> None:
    """Whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.write_text(json.dumps(asdict(place)) + "\n", "utf-8")
        os.replace(fresh, file)
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {problem.strerror}", code="no-place") from None


def resumed(lines: Iterable[Line], place: Place) -> Iterator[Line]:
    """Those behind the place, if the ones before it are what was settled then. Raises `Failure`."""
    digest = ""
    number = 0
    for line in lines:
        number = line.number
        if number > place.line:
            yield line
            continue
        digest = digest_with(digest, line)
        if number == place.line and digest != place.digest:
            raise _other_input(place)
    if number < place.line:
        raise _other_input(place)


def _other_input(place: Place) -> Failure:
    return Failure(
        f"the input does not begin with the {place.line:,} lines that were settled before",
        "the same input goes on; another one needs another file for --resume",
        code="other-input",
    )
