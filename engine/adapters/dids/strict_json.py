"""Strict JSON (`engine.core.strict_json`) of bounded depth in documents and logs, or a refusal by name."""

from __future__ import annotations

import json
from typing import Any

from engine.adapters.dids.limits import DEPTH
from engine.adapters.dids.refused import DidRefused, Problem
from engine.core.strict_json import parse


def read_json(text: str | bytes, problem: Problem, what: str) -> Any:
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        value = parse(decoded)
        if "\\u" in decoded:  # half a surrogate pair would come out of it
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise DidRefused(problem, f"{what} is not UTF-8 text") from None
    except ValueError as reason:
        raise DidRefused(problem, f"{what} is not the JSON that every reader understands: {reason}") from None
    except RecursionError:
        raise DidRefused(problem, f"{what} is nested too deeply") from None
    _check_depth(value, problem, what)
    return value


def read_object(text: str | bytes, problem: Problem, what: str) -> dict[str, Any]:
    value = read_json(text, problem, what)
    if not isinstance(value, dict):
        raise DidRefused(problem, f"{what} is not a JSON object")
    return value


def _check_depth(value: object, problem: Problem, what: str) -> None:
    """Level by level: recursion is what it protects others from."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        if depth > DEPTH:
            raise DidRefused(problem, f"{what} is nested too deeply")
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]
