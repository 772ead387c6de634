"""Compiled rulesets as bytes, so that an engine does not compile the same text at every start.

The bytes are a cache and nothing more: they are read back only by the very language that wrote them,
for the very text they were made from, and whatever is wrong with them means "compile again". They
hold Python code, so whoever keeps them keeps them where nobody else can write.
"""

from __future__ import annotations

import marshal
import pickle
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType

from pico_lang.compiler import CompiledCode
from pico_lang.host import Modules
from pico_lang.program import Facts, Program, make_program
from pico_lang.source import Source

DIGEST_SIZE = 32


def freeze(program: Program, modules: Modules) -> bytes:
    """The program for `thaw`: a digest, then what it was made by and from, its facts and its code."""
    facts = pickle.dumps(program.facts, pickle.HIGHEST_PROTOCOL)
    constants = pickle.dumps(dict(program.compiled.constants), pickle.HIGHEST_PROTOCOL)
    body = marshal.dumps(
        (_maker(modules), _text_digest(program.source), facts, constants, program.compiled.code)
    )
    return sha256(body).digest() + body


def thaw(frozen: bytes, source: Source, modules: Modules) -> Program | None:
    """The program of that text, or None if these bytes are damaged, or not made from it or by us."""
    digest, body = frozen[:DIGEST_SIZE], frozen[DIGEST_SIZE:]
    if sha256(body).digest() != digest:
        return None
    maker, text, facts, constants, code = marshal.loads(body)
    if maker != _maker(modules) or text != _text_digest(source):
        return None
    loaded: Facts = pickle.loads(facts)
    assert isinstance(code, CodeType)
    return make_program(loaded, CompiledCode(code, pickle.loads(constants)), source)


def _text_digest(source: Source) -> str:
    return sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()


def _maker(modules: Modules) -> str:
    """Changes when the interpreter, the language or the modules it was compiled for do."""
    known = sorted(
        (domain, name, member.kind, member.parameters)
        for domain, members in modules.items()
        for name, member in members.items()
    )
    return sha256(f"{_language()} {known}".encode()).hexdigest()


@cache
def _language() -> str:
    """This very language: the interpreter's version and the state of every source file of ours."""
    state = [sys.version, [field.name for field in fields(Facts)], *_source_files()]
    return sha256(repr(state).encode()).hexdigest()


def _source_files() -> Iterator[tuple[str, int, int]]:
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        about = path.stat()
        yield str(path.relative_to(folder)), about.st_size, about.st_mtime_ns
