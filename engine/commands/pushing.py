"""Rulesets on their way from a file to an engine: checked here, sent with the signature beside them.

The engine may be on another machine, so it gets the text and not the name of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.likely import likely_file
from engine.commands.texts import count_errors, diagnose, read_source, show_diagnostic
from engine.core.signatures import SUFFIX
from pico_lang.source import Source


def read_ruleset(name: str) -> Source:
    """The text of a ruleset's file. A byte order mark is not part of it, here as in the engine: with one,
    the same text would have two CIDs."""
    if not Path(name).exists():
        elsewhere = "a ruleset elsewhere is named by its https: URL or its CID"
        raise Failure(f"there is no file {name}", likely_file(name) or elsewhere, code="no-file")
    source = read_source(name)
    return Source(source.text.removeprefix("\ufeff"), source.name)


def signature_file(name: str) -> Path:
    """Where the signature of a file stands."""
    return Path(name + SUFFIX)


def push_file(engine: EngineClient, name: str) -> dict[str, Any]:
    """Give an engine the text of a file, with its signature if there is one; what the engine says of it."""
    source = read_ruleset(name)
    _check(source)
    found = engine.push_ruleset(source.text)
    if signature_file(name).exists():
        found |= _send_signature(engine, found["cid"], name)
    return found


def _check(source: Source) -> None:
    found = diagnose(source)
    for one in found:
        show_diagnostic(one, source)
    if count_errors(found):
        raise Failure(f"{source.name} cannot be installed; what is wrong with it stands above")


def _send_signature(engine: EngineClient, cid: str, name: str) -> dict[str, Any]:
    path = signature_file(name)
    try:
        return engine.sign_ruleset(cid, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise Failure(f"{path} cannot be read: {problem}") from None
    except Failure as refused:
        again = f"`picomesh sign {name}` signs it again; or remove {path}"
        raise Failure(f"{path}: {refused.message}", again) from None
