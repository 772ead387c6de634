"""What a test gives for answers from outside, in place of the web and of other engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.draft import UNMETERED
from engine.core.messages import Question
from pico_lang import json_text
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import TypeFault
from pico_lang.values import Value


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What comes back for a request; `asked` is its URL, or None for any."""

    domain: str
    name: str
    asked: str | None
    answer: Mapping[str, Any]

    def fits(self, question: Question) -> bool:
        if (self.domain, self.name) != (question.kind, _method(question)):
            return False
        return self.asked is None or self.asked == question.content.get("url")


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


def read_response(value: Value) -> Mapping[str, Any]:
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
    if question.kind != "http":
        return f"a test has no answer to a question of the kind {question.kind}; only http can be given one"
    asked, url = f"{question.kind}:{_method(question)}", question.content.get("url")
    return f'{asked} of {url} has no answer here; add: given {asked} for "{url}" answers {{…}}'


def _method(question: Question) -> str:
    return str(question.content.get("method", "")).lower()
