"""What is found out by playing a test: frozen data for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.messages import Fault
from pico_lang.source import Source, Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as a test wants it; `span` is that of a part of the test."""

    message: str
    span: Span
    details: tuple[str, ...] = ()
    """What was expected, what there was instead, and where: lines for people."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a test went."""

    name: str
    span: Span
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings


def fault_finding(fault: Fault, span: Span, program: Source, rid: str) -> Finding:
    """A fault that nobody expected, with the places it passed through and the line it began in."""
    details = [
        f"at {place.rid}, line {place.line} column {place.column}, {place.within}" for place in fault.places
    ]
    innermost = next((place for place in fault.places if place.rid == rid), None)
    if innermost is not None:
        offset = program.offset(innermost.line, innermost.column)
        details.append(program.excerpt(Span(offset, offset + 1)))
    return Finding(f"error {fault.code}: {fault.message}", span, tuple(details))
