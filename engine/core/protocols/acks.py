"""Acknowledgements: the headers `please_ack` and `ack`. DIDComm v2.1, "ACKs".

A message is acknowledged at most once, by the first thing it is answered with or else by an empty message;
what only acknowledges is never acknowledged, so there is no circle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.core.didcomm.messages import Message, is_message_id
from engine.core.protocols.message_types import same_type
from engine.core.protocols.protocol import Words, reply
from engine.core.protocols.reactions import Facts, Note, Reaction, State, attrs_of
from engine.core.protocols.relationships import EMPTY
from engine.core.protocols.remembering import oldest_first, remember

MOST_IDS = 64
MOST_AWAITED = 256


def problem_with_headers(message: Message) -> str | None:
    for name, empty in (("please_ack", True), ("ack", False)):
        if name in message.headers and not _are_ids(message.headers[name], empty):
            return f"{name} is not a list of up to {MOST_IDS} ids of messages"
    return None


def _are_ids(value: Any, empty: bool) -> bool:
    if not isinstance(value, list) or len(value) > MOST_IDS:
        return False
    return all(isinstance(id, str) and (is_message_id(id) or (empty and not id)) for id in value)


def please(state: State, message: Message) -> tuple[State, Message]:
    """Sent so, it is known to be unacknowledged until it is not."""
    awaited = remember(state.get("unacknowledged", {}), message.id.lower(), {}, MOST_AWAITED)
    return {**state, "unacknowledged": awaited}, _with_header(message, "please_ack", [""])


def acknowledge(reaction: Reaction, message: Message, facts: Facts) -> Reaction:
    """`reaction` is to this message, which is not remembered yet."""
    if "please_ack" not in message.headers or _only_acknowledges(message) or facts.sender is None:
        return reaction
    ids = _heard_of(reaction.state, message)
    if reaction.replies:
        first, *others = reaction.replies
        return replace(reaction, replies=(_with_header(first, "ack", ids), *others))
    ack = reply(reaction.state, message, facts, Words(EMPTY, headers={"ack": ids}))
    return replace(reaction, replies=(ack,))


def _only_acknowledges(message: Message) -> bool:
    return same_type(message.type, EMPTY) and "ack" in message.headers


def _heard_of(state: State, message: Message) -> list[str]:
    """In the order in which they were received; this one is the last."""
    heard = state.get("heard", {})
    wanted = {id.lower() for id in message.headers["please_ack"]}
    return [name for name in oldest_first(heard) if name in wanted and name != message.id.lower()] + [
        message.id
    ]


def _with_header(message: Message, name: str, value: list[str]) -> Message:
    """A report of a problem acknowledges already what it is about."""
    if name == "ack":
        value = [*value, *(id for id in message.headers.get("ack", []) if id not in value)]
    return replace(message, headers={**message.headers, name: value})


def take(state: State, message: Message, facts: Facts) -> Reaction:
    """What of ours is acknowledged by it; ids that we do not wait for say nothing."""
    awaited = state.get("unacknowledged", {})
    ids = [id for id in message.headers.get("ack", []) if id.lower() in awaited]
    if not ids:
        return Reaction(state)
    gone = {id.lower() for id in ids}
    left = {name: record for name, record in awaited.items() if name not in gone}
    note = Note("acknowledged", attrs_of(message, facts) | {"ids": ids})
    return Reaction({**state, "unacknowledged": left}, notes=(note,))
