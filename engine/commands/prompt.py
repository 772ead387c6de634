"""What is typed at a prompt, evaluated: by a running engine on one of its picos, or here on none."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.known import known_plugins
from engine.core.births import new_pico
from engine.core.inspection import Viewpoint, evaluate
from engine.core.messages import Answered, Failed, LogLine
from engine.core.model import Inputs, PicoId, RulesetHash
from engine.runtime.looking import PROMPT, name_texts
from pico_lang.diagnostics import RulesetRefused
from pico_lang.meter import Budget
from pico_lang.parser import parse_snippet
from pico_lang.program import Program
from pico_lang.source import Source, Span
from pico_lang.values import to_json

UNFINISHED = {"K102", "K104"}
"""Mistakes that the next line may mend: something is not closed, or the text ends early."""


class Evaluator(Protocol):
    """Evaluates texts that can mention each other, in this order."""

    def evaluate(self, texts: Sequence[str]) -> Mapping[str, Any]:
        """`type`, `value`, `names` and `log` of the last; raises `Failure`."""


@dataclass(frozen=True, slots=True)
class EnginePico:
    """A pico of a running engine, seen from one of its rulesets or from none."""

    engine: EngineClient
    eci: str
    rid: str | None

    def evaluate(self, texts: Sequence[str]) -> Mapping[str, Any]:
        return self.engine.evaluate(self.eci, self.rid, texts)


class NoPico:
    """Standard operators and the modules that need nobody outside."""

    def evaluate(self, texts: Sequence[str]) -> Mapping[str, Any]:
        inputs = Inputs(time.time_ns() // 1_000_000, secrets.token_hex(16))
        try:
            found = evaluate(
                _NOBODY,
                Viewpoint(),
                name_texts(texts),
                inputs,
                _NoPrograms(),
                Budget(),
                catalogue=known_plugins().catalogue,
            )
        except RulesetRefused as refused:
            raise Failure(str(refused)) from None
        match found:
            case Answered(value, log):
                return to_json({**value, "log": [_describe(line) for line in log]})  # type: ignore[no-any-return]
            case Failed(_, fault):
                places = [
                    {"rid": place.rid, "line": place.line, "column": place.column, "within": place.within}
                    for place in fault.places
                ]
                raise Failure(f"{fault.message} [{fault.code}]", places=places)
        raise Failure("this needs an answer from outside, and a prompt asks nobody")


_NOBODY = new_pico(PicoId("nobody"))


class _NoPrograms:
    def get(self, digest: RulesetHash, /) -> Program | None:
        return None


def _describe(line: LogLine) -> dict[str, Any]:
    return {"level": line.level, "message": line.message, "value": line.value}


@dataclass(slots=True)
class Session:
    """One person at a prompt. Declarations are kept as texts and computed anew with every input, so they
    always speak of the pico as it is now."""

    evaluator: Evaluator
    kept: list[str] = field(default_factory=list)
    names: Sequence[str] = ()

    def evaluate(self, text: str) -> Mapping[str, Any]:
        """What an input comes to; raises `Failure`, with an excerpt if the place is in the input."""
        try:
            found = self.evaluator.evaluate([*self.kept, text])
        except Failure as failure:
            raise _with_excerpt(failure, text) from None
        self.names = found["names"]
        if declared := declarations_of(text):
            self.kept.append(declared)
        return found


def is_unfinished(text: str) -> bool:
    """Whether more has to come before anything can be said."""
    try:
        parse_snippet(Source(text))
    except RulesetRefused as refused:
        return refused.diagnostics[-1].code in UNFINISHED
    return False


def declarations_of(text: str) -> str:
    """The part of an input that declares something; the empty text if there is none."""
    declared = parse_snippet(Source(text)).declarations
    return text[declared[0].span.start : declared[-1].span.end] if declared else ""


def _with_excerpt(failure: Failure, text: str) -> Failure:
    place = next((one for one in failure.places if one["rid"] == PROMPT), None)
    if place is None:
        return failure
    source = Source(text)
    offset = source.offset(place["line"], place["column"])
    return Failure(f"{failure.message}\n{source.excerpt(Span(offset, offset + 1))}", failure.hint)
