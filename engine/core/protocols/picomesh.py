"""picomesh 1.0, our own: an event for a pico, with or without waiting for what its rules say, and a query.

`README.md` describes it for whoever wants to speak it. A message id names what was asked: a repeated
message is answered as the first was, and done once. Running the event is for the engine, which says what
came of it with `accepted`, `finished`, `answered` or `refused`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import (
    an_object,
    anything,
    boolean,
    did,
    list_of,
    may,
    need,
    object_with,
    text,
)
from engine.core.protocols.memory import forget, keep_answers
from engine.core.protocols.message_types import same_type
from engine.core.protocols.problem_codes import TEMPORARY
from engine.core.protocols.protocol import Kind, Protocol, Words, say
from engine.core.protocols.reactions import Facts, NewId, Note, Reaction, State, Trouble, attrs_of, stray
from engine.core.protocols.remembering import remember
from engine.core.protocols.report_problem import REPORT, words_of
from engine.core.protocols.threads import Stray, ask, settle

PIURI = "https://picomesh.org/protocols/picomesh/1.0"
"""A name, and the one place where it stands. Nothing is fetched from there."""
EVENT = f"{PIURI}/event"
ACCEPTED = f"{PIURI}/event-accepted"
OUTCOME = f"{PIURI}/event-outcome"
QUERY = f"{PIURI}/query"
ANSWER = f"{PIURI}/query-answer"
LOG_QUERY = f"{PIURI}/log-query"
LOG = f"{PIURI}/log"
"""Between engines: the log that proves a pico's name for life."""

PRESENTATION = f"{PIURI}/presentation-jwt"
STATUS_LIST = f"{PIURI}/status-list-jwt"
"""Formats of attachments by which a sender shows what the policy of a channel asks for."""

LONGEST_NAME = 256
LARGEST_LOG = 1 << 18
"""Characters of a log in a message; so has one of some two hundred entries."""
LARGEST_ANSWER = 1 << 19
"""Characters of JSON, so that it fits into an envelope inside another."""
MOST_SERVED = 256
"""Requests of one correspondent that are being worked on; more are told to come back later."""

REFUSALS = {
    "not allowed": "e.p.trust.not-allowed",
    "credential needed": "e.p.trust.credential-needed",
    "credential refused": "e.p.trust.credential-refused",
    "no such query": "e.p.req.no-such-query",
    "query failed": "e.p.me.query-failed",
    "busy": "e.p.me.busy",
    "too large": "e.p.me.res.storage.too-large",
}
"""Why an engine does not answer, and the code it is told with."""


# --- asking ------------------------------------------------------------------------------------------


def send_event(
    state: State,
    id: str,
    event: Mapping[str, Any],
    now_s: int,
    wait: bool = False,
    until_s: int | None = None,
) -> Reaction:
    """`event` has domain, type and perhaps attributes."""
    body = {**event, **({"wait": True} if wait else {})}
    return _ask(state, id, Words(EVENT, body, expires_s=until_s), now_s, until_s, {"wait": wait})


def send_query(
    state: State, id: str, query: Mapping[str, Any], now_s: int, until_s: int | None = None
) -> Reaction:
    """`query` has rid, function and perhaps args."""
    return _ask(state, id, Words(QUERY, query, expires_s=until_s), now_s, until_s)


def _ask(
    state: State,
    id: str,
    words: Words,
    now_s: int,
    until_s: int | None,
    known: Mapping[str, Any] | None = None,
) -> Reaction:
    message = say(state, words, id, now_s)
    return Reaction(ask(state, message, until_s, known), (message,))


def _heard_accepted(state: State, message: Message, facts: Facts) -> Reaction:
    """Whoever waits for the outcome goes on waiting."""
    settled = settle(state, message, facts, EVENT, last=False)
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    if not settled.asked.get("wait"):
        settled = settle(state, message, facts, EVENT)
        assert not isinstance(settled, Stray), "it was open a moment ago"
    return Reaction(settled.state, notes=(Note("picomesh_event_accepted", attrs_of(message, facts)),))


def _heard_outcome(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    if ("directives" in message.body) == ("fault" in message.body):
        return Trouble("e.m.msg.bad-body", ("there is one of directives and fault",))
    return _heard_last(state, message, facts, EVENT, "picomesh_event_outcome")


def _heard_answer(state: State, message: Message, facts: Facts) -> Reaction:
    return _heard_last(state, message, facts, QUERY, "picomesh_query_answer")


def _heard_last(state: State, message: Message, facts: Facts, question: str, note: str) -> Reaction:
    settled = settle(state, message, facts, question)
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    return Reaction(settled.state, notes=(Note(note, attrs_of(message, facts)),))


# --- being asked -------------------------------------------------------------------------------------


def _heard_event(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    return _serve(state, message, facts, "picomesh_event", {"wait": message.body.get("wait", False)})


def _heard_query(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    """It changes nothing and needs a reader, so of nobody it is not heard."""
    return _serve(state, message, facts, "picomesh_query", {})


def _heard_of_log(state: State, message: Message, facts: Facts) -> Reaction:
    """Which logs there are, and whether one is to be believed, is known elsewhere."""
    return Reaction(state, notes=(Note("picomesh_log", attrs_of(message, facts)),))


def _serve(
    state: State, message: Message, facts: Facts, name: str, what: Mapping[str, Any]
) -> Reaction | Trouble:
    """What nobody can be told the outcome of is not kept as being worked on."""
    note = Note(name, attrs_of(message, facts) | dict(what))
    if facts.sender is None:
        return Reaction(state, notes=(note,))
    if len(state.get("serving", {})) >= MOST_SERVED:
        return Trouble("e.p.me.busy")
    record = {"type": message.type, "id": message.id, "thid": message.thread, **what}
    serving = remember(state.get("serving", {}), message.id.lower(), record, MOST_SERVED)
    return Reaction({**state, "serving": serving}, notes=(note,))


def accepted(state: State, id: str, eid: str, now_s: int, new_id: NewId) -> Reaction:
    """The event is in the journal. For who waits this is not the end of it."""
    record = _served(state, id)
    if record is None or not same_type(record["type"], EVENT):
        return Reaction(state)
    words = Words(ACCEPTED, {"eid": eid})
    return _tell(state, id, words, now_s, new_id, last=not record["wait"])


def finished(
    state: State, id: str, eid: str, directives: Sequence[Mapping[str, Any]], now_s: int, new_id: NewId
) -> Reaction:
    """What the rules said, for whoever waits."""
    body = {"eid": eid, "directives": list(directives)}
    return _end_if_it_fits(state, id, Words(OUTCOME, body), now_s, new_id)


def failed(state: State, id: str, eid: str, fault: Mapping[str, str], now_s: int, new_id: NewId) -> Reaction:
    """The event was run and had no effect; `fault` has code and message."""
    return _end(state, id, Words(OUTCOME, {"eid": eid, "fault": dict(fault)}), now_s, new_id)


def answered(state: State, id: str, value: Any, now_s: int, new_id: NewId) -> Reaction:
    return _end_if_it_fits(state, id, Words(ANSWER, {"value": value}), now_s, new_id)


def refused(
    state: State, id: str, why: str, now_s: int, new_id: NewId, args: tuple[str, ...] = ()
) -> Reaction:
    """`why` is one of `REFUSALS`, `args` what belongs into its comment."""
    record = _served(state, id)
    if record is None:
        return Reaction(state)
    words = words_of(Trouble(REFUSALS[why], args), record["thid"], record["id"])
    told = _end(state, id, words, now_s, new_id)
    return replace(told, state=forget(told.state, id)) if REFUSALS[why] in TEMPORARY else told


def serving(state: State) -> tuple[str, ...]:
    """Ids of the messages that somebody waits for an answer to."""
    return tuple(record["id"] for record in state.get("serving", {}).values())


def _served(state: State, id: str) -> Mapping[str, Any] | None:
    record: Mapping[str, Any] | None = state.get("serving", {}).get(id.lower())
    return record


def _end_if_it_fits(state: State, id: str, words: Words, now_s: int, new_id: NewId) -> Reaction:
    if len(json.dumps(words.body)) > LARGEST_ANSWER:
        return refused(state, id, "too large", now_s, new_id)
    return _end(state, id, words, now_s, new_id)


def _end(state: State, id: str, words: Words, now_s: int, new_id: NewId) -> Reaction:
    return _tell(state, id, words, now_s, new_id, last=True)


def _tell(state: State, id: str, words: Words, now_s: int, new_id: NewId, last: bool) -> Reaction:
    """What was not asked, or is answered already, is told nobody. The answer is what a repetition gets.

    A report may be the second of its kind, if the first said to come back later.
    """
    record = _served(state, id)
    if record is None:
        return Reaction(state)
    thid = None if words.pthid else record["thid"]
    purpose = f"{words.type} in reply to {id.lower()}{f' at {now_s}' if words.type == REPORT else ''}"
    said = say(state, words, new_id(purpose), now_s, thid)
    left = {name: one for name, one in state["serving"].items() if name != id.lower() or not last}
    return Reaction(keep_answers({**state, "serving": left}, id, (said,)), (said,))


_NAME = need(text(LONGEST_NAME, empty=False))
_EVENT = {"domain": _NAME, "type": _NAME, "attributes": may(an_object), "wait": may(boolean)}
_FAULT = {"code": need(text()), "message": need(text())}
_QUERY = {"rid": _NAME, "function": _NAME, "args": may(an_object)}
_LOG = {"did": need(did), "log": need(text(LARGEST_LOG, empty=False)), "approvals": may(text(LARGEST_LOG))}
_OUTCOME = {
    "eid": _NAME,
    "directives": may(list_of(an_object)),
    "fault": may(object_with(_FAULT)),
}

PROTOCOL = Protocol(
    PIURI,
    roles=("asker", "pico"),
    kinds={
        "event": Kind("asker", _EVENT, _heard_event, anonymous=True),
        "event-accepted": Kind("pico", {"eid": _NAME}, _heard_accepted, answers=("event",), final=False),
        "event-outcome": Kind("pico", _OUTCOME, _heard_outcome, answers=("event",)),
        "query": Kind("asker", _QUERY, _heard_query),
        "query-answer": Kind("pico", {"value": need(anything)}, _heard_answer, answers=("query",)),
        "log-query": Kind("asker", {"did": need(did)}, _heard_of_log),
        "log": Kind("pico", _LOG, _heard_of_log),
    },
)
