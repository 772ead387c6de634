"""basicmessage 2.0: a text for people, which nobody has to answer. didcomm.org, "BasicMessage"."""

from __future__ import annotations

from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import LONGEST_CONTENT, need, text
from engine.core.protocols.protocol import Kind, Protocol, Words, say
from engine.core.protocols.reactions import Facts, Note, Reaction, State, attrs_of

PIURI = "https://didcomm.org/basicmessage/2.0"
MESSAGE = f"{PIURI}/message"


def tell(state: State, id: str, content: str, now_s: int, lang: str | None = None) -> Reaction:
    headers = {} if lang is None else {"lang": lang}
    return Reaction(state, (say(state, Words(MESSAGE, {"content": content}, headers=headers), id, now_s),))


def _heard_message(state: State, message: Message, facts: Facts) -> Reaction:
    """Without `created_time`, which senders must set, it is still a message."""
    return Reaction(state, notes=(Note("basicmessage_message", attrs_of(message, facts)),))


PROTOCOL = Protocol(
    PIURI,
    roles=("sender", "receiver"),
    kinds={
        "message": Kind("sender", {"content": need(text(LONGEST_CONTENT))}, _heard_message, anonymous=True)
    },
)
