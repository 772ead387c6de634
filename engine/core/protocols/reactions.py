"""What a message is heard with and what comes of it: frozen data, which every protocol speaks in.

`State` is that of one relationship (`relationships`): a JSON object that whoever keeps it treats as a
whole. Nothing here has a clock or chance: both arrive in `Facts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation

State = Mapping[str, Any]
"""JSON: objects, arrays, texts, whole numbers, truth values and null."""

NewId = Callable[[str], str]
"""An id for a purpose. The same one for the same purpose, if a repeated answer shall be the same."""


def ids_from(seed: str) -> NewId:
    """Ids that nobody foresees who does not know the seed."""

    def new_id(purpose: str) -> str:
        return hashlib.sha256(f"{seed}\0{purpose}".encode()).hexdigest()[:32]

    return new_id


@dataclass(frozen=True)
class Feature:
    """Something to disclose: a protocol with the roles one plays in it, a goal code, a header."""

    kind: str
    id: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """A message in a mediator's queue; `envelope` is unread. The mediator has no other of that `id`."""

    id: str
    envelope: bytes
    received_s: int


@dataclass(frozen=True)
class Summary:
    """What a mediator says of a queue. The times are None when it is empty."""

    count: int
    total_bytes: int = 0
    oldest_s: int | None = None
    newest_s: int | None = None


class Waiting(Protocol):
    """The queue of whoever the relationship is with, as it was before this message.

    `recipient` narrows it to what was sent to that DID; `but` are ids that are as good as gone.
    """

    def summary(self, recipient: str | None, but: Collection[str] = ()) -> Summary: ...

    def oldest(self, limit: int, recipient: str | None) -> Sequence[Held]: ...


class NothingWaits:
    """The queue of those for whom nothing is kept."""

    def summary(self, recipient: str | None, but: Collection[str] = ()) -> Summary:
        return Summary(0)

    def oldest(self, limit: int, recipient: str | None) -> Sequence[Held]:
        return ()


@dataclass(frozen=True)
class Facts:
    """What is known when a message is heard. All but the first four are for those who answer questions."""

    sender: str | None
    """The DID that is proven to have written it; None when nobody is."""
    to: str | None
    """The DID of ours that it reached."""
    now_s: int
    new_id: NewId
    rotation: Rotation | None = None
    """What its `from_prior` has proven."""
    features: tuple[Feature, ...] = ()
    """What there is to disclose."""
    hidden: tuple[str, ...] = ()
    """Patterns of ids that policy hides from this sender."""
    routing_dids: tuple[str, ...] = ()
    """Where messages for those we mediate for are to be sent; none if we do not for this sender."""
    taken: frozenset[str] = frozenset()
    """DIDs for which somebody else has us take in mail, of those that the message names."""
    most_dids: int = 1024
    """For which one correspondent may have mail taken in."""
    waiting: Waiting = field(default_factory=NothingWaits)
    can_go_live: bool = False
    """Whether the connection stays open, so that messages can be sent along it as they come."""


@dataclass(frozen=True)
class Note:
    """What rules get to know: an event `didcomm:<name>`."""

    name: str
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class Reaction:
    """The next state, what to send, and what to tell rules: all of it, together, or nothing."""

    state: State
    replies: tuple[Message, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """Why a message has no effect: a code of `problem_codes` and what belongs into its comment."""

    code: str
    args: tuple[str, ...] = ()


def attrs_of(message: Message, facts: Facts) -> dict[str, Any]:
    """What a rule learns of a message. What the sender chose is in `body`, where it hides nothing of ours."""
    told = {
        "id": message.id,
        "type": message.type,
        "thid": message.thread,
        "pthid": message.pthid,
        "from": facts.sender,
        "to": facts.to,
        "created_time": message.created_time,
        "expires_time": message.expires_time,
        "lang": _text(message.headers.get("lang")),
        "ack": _texts(message.headers.get("ack")),
    }
    return {name: value for name, value in told.items() if value is not None} | {"body": dict(message.body)}


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return list(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def stray(state: State, message: Message, facts: Facts, why: str) -> Reaction:
    """Nothing comes of it, and nobody is answered; a rule may want to know all the same."""
    return Reaction(state, notes=(Note("stray", attrs_of(message, facts) | {"why": why}),))
