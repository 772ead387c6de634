"""What a protocol is: its name, who takes part, and a table of its messages. Making messages of it, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.didcomm.attachments import Attachment
from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import Shape
from engine.core.protocols.reactions import Facts, Reaction, State, Trouble
from engine.core.protocols.relationships import addressed

Heard = Callable[[State, Message, Facts], Reaction | Trouble]


@dataclass(frozen=True)
class Kind:
    """One type of message."""

    by: str
    """The role that sends it."""
    body: Shape
    heard: Heard
    answers: tuple[str, ...] = ()
    """The messages of its protocol that it answers: it belongs into a thread that the other side began."""
    unasked: bool = False
    """Though it answers something, it may also begin a thread of its own."""
    final: bool = True
    """Nothing follows an answer of this kind."""
    anonymous: bool = False
    """It may be heard of somebody whom nothing proves."""
    again: bool = False
    """A repeated one is heard again, not answered from memory: nothing changes by it, and what it is
    answered with may have changed or is too much to remember."""
    acknowledged: bool = True
    """Whether `please_ack` is heeded."""


@dataclass(frozen=True)
class Protocol:
    piuri: str
    roles: tuple[str, ...]
    kinds: Mapping[str, Kind]

    @property
    def name(self) -> str:
        return self.piuri.rsplit("/", 2)[-2]

    def type(self, kind: str) -> str:
        return f"{self.piuri}/{kind}"


@dataclass(frozen=True)
class Words:
    """What there is to say, before it is addressed."""

    type: str
    body: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)
    pthid: str | None = None
    expires_s: int | None = None


def say(state: State, words: Words, id: str, now_s: int, thid: str | None = None) -> Message:
    message = Message(
        id,
        words.type,
        words.body,
        thid=thid,
        pthid=words.pthid,
        created_time=now_s,
        expires_time=words.expires_s,
        attachments=words.attachments,
        headers=words.headers,
    )
    return addressed(state, message)


def reply(state: State, message: Message, facts: Facts, words: Words) -> Message:
    """In the thread of what it replies to. Its id comes of that, so repeated it is still one message."""
    purpose = f"{words.type} in reply to {message.id.lower()}"
    return say(state, words, facts.new_id(purpose), facts.now_s, message.thread)
