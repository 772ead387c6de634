"""What a test gives for answers from outside, in place of the web and of other engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.consultation import MODULE
from engine.core.domains import BUILT_IN
from engine.core.draft import UNMETERED
from engine.core.messages import Question
from pico_lang import json_text
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import TypeFault
from pico_lang.values import Value, to_stored

ANSWERED = ("http", "ipfs", "engine")
"""Built-in modules whose questions tests can answer."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What comes back for a request or a question to a plugin. `asked` is its URL, or the first argument;
    None for any."""

    domain: str
    name: str
    asked: str | None
    answer: Mapping[str, Any]

    def fits(self, question: Question) -> bool:
        if (self.domain, self.name) != _asked_member(question):
            return False
        return self.asked is None or self.asked == _asked_for(question)


class GivenAnswers:
    """All of them, in the order in which they were given."""

    def __init__(self) -> None:
        self._given: list[GivenAnswer] = []

    def add(self, given: GivenAnswer) -> None:
        self._given.append(given)

    def take(self, question: Question) -> Mapping[str, Any] | None:
        """The next one for a question. Several are given one after the other, the last of them for ever."""
        fitting = [one for one in self._given if one.fits(question)]
        if len(fitting) > 1:
            self._given.remove(fitting[0])
        return fitting[0].answer if fitting else None


def read_answer(domain: str, name: str, value: Value) -> Mapping[str, Any]:
    """The answer to a question of that member, from what a test gives."""
    if domain in BUILT_IN.domains and domain not in ANSWERED:
        raise TypeFault(f"only {', '.join(ANSWERED)} and plugins can be given an answer, not {domain}:{name}")
    if domain == "http":
        return _read_response(value)
    if isinstance(value, dict) and set(value) == {"error"}:
        return {"error": to_string(value["error"])}
    return {"value": to_stored(value)}


def _read_response(value: Value) -> Mapping[str, Any]:
    """The answer to a request, from the map that a test gives; what it leaves out is as usual."""
    if not isinstance(value, dict):
        raise TypeFault('an answer is a map such as {"status_code": 200, "content": "…"}, or {"error": "…"}')
    if "error" in value:
        return {"error": to_string(value["error"])}
    content = value.get("content")
    return {
        "status": int(to_number(value.get("status_code", 200.0)) or 0),
        "reason": to_string(value.get("status_line", "OK")),
        "headers": _read_headers(value.get("headers")),
        "content": content if isinstance(content, str) else _as_text(content),
    }


def _read_headers(headers: Value) -> Mapping[str, str]:
    if not isinstance(headers, dict):
        return {}
    return {name.lower(): to_string(text) for name, text in headers.items()}


def _as_text(content: Value) -> str:
    return "" if content is None else json_text.encode(UNMETERED, content)


def ask_for_answer(question: Question) -> str:
    """What to say to the author of a test that gives no answer to a question."""
    if question.kind not in ("http", MODULE):
        return (
            f"a test has no answer to a question of the kind {question.kind}; "
            f"only {', '.join(ANSWERED)} and plugins can be given one"
        )
    asked, what = ":".join(_asked_member(question)), _asked_for(question)
    if question.kind == MODULE:
        return f"{asked} has no answer here; add: given {asked} answers …"
    return f'{asked} of {what} has no answer here; add: given {asked} for "{what}" answers {{…}}'


def _asked_member(question: Question) -> tuple[str, str]:
    """The member of a module by which a ruleset asked."""
    if question.kind == MODULE:
        return question.content["module"], question.content["name"]
    return question.kind, str(question.content.get("method", "")).lower()


def _asked_for(question: Question) -> str | None:
    if question.kind == MODULE:
        return next((to_string(one) for one in question.content["arguments"].values()), None)
    return question.content.get("url")
