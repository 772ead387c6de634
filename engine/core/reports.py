"""What is told of the answer to a question that was asked after its turn, by the kind of the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.core import consultation, requests
from engine.core.correspondence import ENVELOPE, KEEP_DID, LETTER, MESSAGE
from engine.core.draft import UNMETERED
from engine.core.far_events import FAR
from engine.core.messages import AskLater, Question, SendEvent
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value, in_js_order

Content = Mapping[str, Any]


def report(errand: AskLater, answer: Mapping[str, Any]) -> SendEvent | AskLater | None:
    """The event that tells of it, or what is to send that to a DID; None when there is nobody to be told."""
    read_attrs = _READERS[errand.question.kind]
    try:
        attrs = read_attrs(errand.question.content, answer)
        if errand.reply is None:
            _check_taken(errand.question.content, attrs)
    except RuntimeFault as fault:
        told = {"data": fault.message, "code": fault.code, **_what_was_sent(errand.question)}
        return errand.complaint and _with_attrs(errand.complaint, told)
    if errand.reply is not None and errand.onward is not None:
        content = {**errand.onward.content, "attrs": _with_attrs(errand.reply, attrs).attrs}
        return AskLater(Question(errand.onward.kind, content), None, errand.complaint)
    return errand.reply and _with_attrs(errand.reply, attrs)


def _what_was_sent(question: Question) -> dict[str, Value]:
    """For a rule that has sent several messages: to whom, and what `didcomm:send` has called it."""
    if question.kind not in (MESSAGE, LETTER):
        return {}
    to = {"to": question.content["did"]}
    return {**to, "message": question.content["id"]} if question.kind == LETTER else to


def _check_taken(content: Content, response: Mapping[str, Value]) -> None:
    """Whoever does not wait for an answer wants to know at least that somebody has taken it."""
    status = response.get("status_code")
    if isinstance(status, float) and not 200 <= status < 300:
        said = f"{status:.0f} {response['status_line']}"
        raise RuntimeFault("R608", f"{content['url']} did not take it: {said}")


def _read_response(content: Content, answer: Mapping[str, Any]) -> Mapping[str, Value]:
    return requests.read_answer(UNMETERED, content, answer)


def _read_value(content: Content, answer: Mapping[str, Any]) -> Mapping[str, Value]:
    return {"value": consultation.read_value(UNMETERED, answer)}


def _read_receipt(content: Content, answer: Mapping[str, Any]) -> Mapping[str, Value]:
    if "error" in answer:
        raise RuntimeFault(answer.get("code", "R608"), answer["error"])
    return {}


def _with_attrs(event: SendEvent, attrs: Mapping[str, Value]) -> SendEvent:
    return replace(event, attrs=in_js_order({**event.attrs, **attrs}))


_READERS: Mapping[str, Callable[[Content, Mapping[str, Any]], Mapping[str, Value]]] = {
    "http": _read_response,
    consultation.MODULE: _read_value,
    MESSAGE: _read_receipt,
    LETTER: _read_receipt,
    KEEP_DID: _read_receipt,
    ENVELOPE: _read_receipt,
    FAR: _read_receipt,
}
