"""Changes of a log that others have to approve: the request that is written, and what comes back of it.

The commands that change a log take the same options for it, and publish in the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.adapters.credentials import to_printable
from engine.adapters.dids import (
    Assent,
    CannotWrite,
    DidRefused,
    Guardians,
    LogRequest,
    add_assents,
    approvals_to_json,
    assent_from_json,
    guardians_of,
    keeps_guardians,
    log_to_jsonl,
    parties_alone,
    why_not_yet,
)
from engine.adapters.dids.log_parameters import Parameters
from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.output import print_json
from engine.commands.recovery import read_request
from engine.core.dids import show_did

F = TypeVar("F", bound=Callable[..., Any])
LARGEST = 8 << 20


@dataclass(frozen=True, slots=True)
class Asking:
    """Whether guardians are to be asked, or have been."""

    file: Path | None
    note: str
    request: Path | None
    approvals: tuple[Path, ...]


def asking_options(command: F) -> F:
    """Adds --ask, --note, --request and --approval; the command gets them as `asking`."""

    @wraps(command)
    def gathered(
        *words: Any,
        ask: Path | None,
        note: str,
        request: Path | None,
        approval: tuple[Path, ...],
        **named: Any,
    ) -> Any:
        if approval and request is None:
            raise click.UsageError("--approval is of a --request FILE")
        if ask is not None and request is not None:
            raise click.UsageError("--ask writes a request, --request publishes one that was approved")
        return command(*words, asking=Asking(ask, note, request, approval), **named)

    file = click.Path(dir_okay=False, path_type=Path)
    options = (
        click.option("--ask", type=file, metavar="FILE", help="Write a request to the guardians into FILE."),
        click.option("--note", default="", metavar="TEXT", help="What guardians read with it: why."),
        click.option("--request", type=file, metavar="FILE", help="Publish that request, now approved …"),
        click.option(
            "--approval", type=file, multiple=True, metavar="FILE", help="… by these, one for each guardian."
        ),
    )
    for option in reversed(options):
        gathered = option(gathered)
    return gathered  # type: ignore[return-value]


def write_request(asking: Asking, text: str, as_json: bool) -> None:
    """The file, and what happens next."""
    request, file = read_request(text), asking.file
    assert file is not None, "somebody has said --ask"
    if file.exists():
        raise Failure(f"{file} is there already", "name another file")
    try:
        file.write_text(text, "utf-8")
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {problem.strerror}") from None
    guardians = request.guardians
    if as_json:
        asked = {"needed": guardians.threshold, "of": list(guardians.members)} if guardians else None
        print_json({"file": str(file), "did": request.log.name, "epoch": request.after.number, "ask": asked})
        return
    click.echo(f"wrote {file}: a request for entry {request.after.number} of {request.log.name}")
    if guardians is not None:
        click.echo(f"  {guardians.threshold} of {len(guardians.members)} guardians have to approve it:")
        for member in guardians.members:
            click.echo(f"    {member}")
        click.echo(
            f"  send it to them; each runs:  picomesh guardian approve {file.name} --out approval.json"
        )
        click.echo(f"  with what they send back:    the same command with --request {file} --approval FILE …")


def publish(engine: EngineClient, eci: str, asking: Asking) -> dict[str, Any]:
    """Put together what was approved, and have the engine go on with it."""
    assert asking.request is not None, "somebody has said --request"
    request = read_request(read_file(asking.request))
    try:
        request = add_assents(request, _assents(asking.approvals))
    except CannotWrite as problem:
        raise Failure(str(problem)) from None
    return publish_request(engine, eci, request)


def publish_request(engine: EngineClient, eci: str, request: LogRequest) -> dict[str, Any]:
    missing = why_not_yet(request)
    if missing is not None:
        raise Failure(f"it is not approved yet: {missing}", "--approval FILE for each guardian who approves")
    entries = log_to_jsonl([*request.log.entries, request.entry])
    return engine.life(eci, entry=entries, approvals=approvals_to_json(request.approvals))


def _assents(files: Sequence[Path]) -> Iterator[Assent]:
    for file in files:
        try:
            yield assent_from_json(read_file(file))
        except DidRefused as problem:
            raise Failure(f"{file} is no approval: {problem.reason}") from None


def read_file(file: Path) -> str:
    """- is what is typed or piped in."""
    try:
        raw = sys.stdin.buffer.read(LARGEST + 1) if str(file) == "-" else file.read_bytes()[: LARGEST + 1]
    except OSError as problem:
        raise Failure(f"{file} cannot be read: {problem.strerror}") from None
    if len(raw) > LARGEST:
        raise Failure(f"{file} is too long to be what is meant")
    return raw.decode("utf-8", "replace")


# --- requests in words -----------------------------------------------------------------------------


def describe(request: LogRequest) -> Iterator[str]:
    """What a guardian has to know who is asked to approve it."""
    before, after = request.log.newest, request.after
    yield f"A request about {request.log.name}"
    yield f"  it would write entry {after.number}, after the one of {before.entry.version_time}"
    yield from _changed("hosted by", _host(before.entry.state), _host(after.entry.state))
    rules = before.parameters, after.parameters
    yield from _changed("guardians", *(_guardians(one) for one in rules))
    yield from _changed("may write entries without them", *(_alone(one) for one in rules))
    if after.parameters.deactivated:
        yield "  it ENDS the pico: nothing can follow"
    if request.note:
        yield f"  the note says: {to_printable(request.note)}"


def warning(request: LogRequest) -> str | None:
    """What a guardian would lose by it."""
    return keeps_guardians(request.log.newest.parameters, request.after.parameters)


def _changed(what: str, before: str, after: str) -> Iterator[str]:
    yield f"  {what}: {after}" if before == after else f"  {what}: {after}  (until now: {before})"


def _host(state: Any) -> str:
    services = state.get("service")
    for one in services if isinstance(services, list) else ():
        if isinstance(one, dict) and one.get("type") == "PicomeshHost":
            endpoint = one.get("serviceEndpoint")
            return to_printable(
                show_did(str(endpoint.get("uri") if isinstance(endpoint, dict) else endpoint))
            )
    return "nobody"


def _guardians(rules: Parameters) -> str:
    guardians: Guardians | None = guardians_of(rules)
    return "none" if guardians is None else f"{guardians.threshold} of {', '.join(guardians.members)}"


def _alone(rules: Parameters) -> str:
    parties = parties_alone(rules)
    if guardians_of(rules) is None:
        return "whoever has a promised key"
    return (
        ("nobody", "one (the host, or an owner)")[parties]
        if parties < 2
        else f"{parties} (the host and owners)"
    )
