"""Compiling a text in a process of its own: the order, what comes back, and what the engine makes of it.

Back come either the frozen program, which is Python code, or what is wrong with the text. So such a
process runs no ruleset, and those that do compile nothing for the engine: what got out of a ruleset
there must not come in here.
"""

from __future__ import annotations

from engine.core.codec import Plain, from_bytes, to_bytes
from engine.core.depth import DepthLimit
from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.host import Modules
from pico_lang.program import Program, compile_ruleset
from pico_lang.program_files import freeze, thaw
from pico_lang.source import Source, Span

COMPILER_CALLS = 5_000
"""How deeply the calls of the compiler may nest; it takes some hundreds for what the parser lets pass."""

MOST_TOLD = 100
"""Mistakes of one text that are told. A megabyte can have half a million, each with its excerpt."""

_PROGRAM, _REFUSED = b"p", b"r"


def write_compile_order(source: Source) -> bytes:
    """The body of an order to compile a text."""
    return to_bytes({"name": source.name, "text": source.text})


def run_compile_order(order: Plain, modules: Modules) -> bytes:
    """In the worker: what the engine is told."""
    source = Source(order["text"], order["name"])
    try:
        with DepthLimit(COMPILER_CALLS):
            program = compile_ruleset(source, modules)
    except RulesetRefused as refused:
        return _REFUSED + to_bytes([_pack(one) for one in most_telling(refused)])
    return _PROGRAM + freeze(program, modules)


def read_compiled(body: bytes, source: Source, modules: Modules) -> tuple[Program, bytes]:
    """In the engine: the program, and its frozen form. Raises `RulesetRefused`."""
    kind, content = body[:1], body[1:]
    if kind == _REFUSED:
        raise RulesetRefused([_unpack(one) for one in from_bytes(content)], source)
    program = thaw(content, source, modules)
    if program is None:
        raise RuntimeError("the engine's code has changed since it was started; start it again")
    return program, content


def most_telling(refused: RulesetRefused) -> list[Diagnostic]:
    """The first mistakes of a text, and how many more there are."""
    told, rest = list(refused.diagnostics[:MOST_TOLD]), refused.diagnostics[MOST_TOLD:]
    if rest:
        told.append(Diagnostic(rest[0].code, f"this and {len(rest) - 1:,} more mistakes", rest[0].span))
    return told


def _pack(one: Diagnostic) -> Plain:
    return [one.code, one.message, one.span.start, one.span.end, one.hint]


def _unpack(plain: Plain) -> Diagnostic:
    code, message, start, end, hint = plain
    return Diagnostic(code, message, Span(start, end), hint)
