"""Two sides of a relationship, and a wire between them that loses, doubles and reorders what it carries.

A side keeps its state as JSON text with sorted members, so whatever a table keeps has to survive that. What
it asked and is not answered, or not acknowledged, it sends again, as whoever uses the tables does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from engine.core.didcomm.messages import Message, read_message, write_message
from engine.core.didcomm.rotation import Rotation
from engine.core.multiformats import from_base64url, to_base64url
from engine.core.protocols import Facts, Note, Reaction, begin, hear, ids_from
from engine.core.protocols.relationships import addressed
from engine.core.protocols.threads import is_open

ALICE, BOB, CAROL = "did:example:alice", "did:example:bob", "did:example:carol"
NOW_S = 1_700_000_000


class Party:
    """One side. `act` is what its engine does when it is told something, `door` sees what is to be heard."""

    def __init__(self, me: str, peer: str | None, now_s: int = NOW_S, **facts: Any) -> None:
        self.kept = json.dumps(begin(me, peer))
        self.now_s = now_s
        self.new_id = ids_from(me)
        self.facts = facts
        self.notes: list[Note] = []
        self.outbox: list[Message] = []
        self.sent: dict[str, Message] = {}
        self.act: Callable[[Note], None] = lambda note: None
        self.door: Callable[[Message, Facts], None] = lambda message, facts: None

    @property
    def state(self) -> dict[str, Any]:
        """A copy each time: changing it in place would be without effect, and so be found out."""
        state: dict[str, Any] = json.loads(self.kept)
        return state

    def do(self, reaction: Reaction) -> Reaction:
        self.kept = json.dumps(reaction.state, sort_keys=True)
        self.outbox += reaction.replies
        self.sent |= {message.id: message for message in reaction.replies}
        self.notes += reaction.notes
        for note in reaction.notes:
            self.act(note)
        return reaction

    def hear(self, message: Message, **more: Any) -> Reaction:
        """As it comes out of an envelope: `from` is proven, and so is what `from_prior` says."""
        given = {"sender": message.from_, "to": message.to[0] if message.to else None, **self.facts, **more}
        given["rotation"] = rotation_in(message)
        facts = Facts(now_s=self.now_s, new_id=self.new_id, **given)
        self.door(message, facts)
        return self.do(hear(self.state, message, facts))

    def hear_all(self, other: Party) -> None:
        """Everything the other side has to say, in order."""
        said, other.outbox = other.outbox, []
        for message in said:
            self.hear(message)

    def unsettled(self) -> list[Message]:
        """Sent, and neither answered nor acknowledged; as it would be sent today."""
        state = self.state
        waits = state.get("unacknowledged", {})
        sent = self.sent.values()
        return [
            addressed(state, one) for one in sent if is_open(state, one.thread) or one.id.lower() in waits
        ]

    def told(self, name: str) -> list[dict[str, Any]]:
        return [dict(note.attrs) for note in self.notes if note.name == name]

    @property
    def names(self) -> list[str]:
        return [note.name for note in self.notes if note.name != "message"]


def pair(**facts: Any) -> tuple[Party, Party]:
    """The facts are Bob's, who is the one to be asked."""
    return Party(ALICE, BOB), Party(BOB, ALICE, **facts)


def talk(one: Party, other: Party) -> None:
    """Over a wire that is as good as it gets, until nobody has anything to say."""
    while one.outbox or other.outbox:
        other.hear_all(one)
        one.hear_all(other)


def token(prior: str, new: str | None, issued_s: int) -> str:
    """In the place of the signed one, which is read elsewhere."""
    claims = json.dumps({"iss": prior, "sub": new, "iat": issued_s})
    return f"e30.{to_base64url(claims.encode())}."


def rotation_in(message: Message) -> Rotation | None:
    if message.from_prior is None:
        return None
    claims = json.loads(from_base64url(message.from_prior.split(".")[1]))
    return Rotation(claims["iss"], claims["sub"], claims["iat"], f"{claims['iss']}#key-1")


@dataclass
class Wire:
    """Every third message is lost, every third doubled; the next to arrive is any of those on the way."""

    one: Party
    other: Party
    chance: random.Random
    most_steps: int = 20_000

    def run(self, moves: list[Callable[[], Reaction]]) -> None:
        """Everything that is to be done in between, in order, until all is settled."""
        way: list[tuple[Party, Message]] = []
        for _ in range(self.most_steps):
            self._collect(way)
            if moves and (not way or self.chance.random() < 0.2):
                moves.pop(0)()
            elif way:
                self._deliver(way)
            elif not self._send_again():
                return
        raise AssertionError("they do not come to an end")

    def _collect(self, way: list[tuple[Party, Message]]) -> None:
        for sender, reader in ((self.one, self.other), (self.other, self.one)):
            for message in sender.outbox:
                fate = self.chance.random()
                way += [(reader, message)] * (0 if fate < 1 / 3 else 2 if fate > 2 / 3 else 1)
            sender.outbox = []

    def _deliver(self, way: list[tuple[Party, Message]]) -> None:
        reader, message = way.pop(self.chance.randrange(len(way)))
        reader.hear(read_message(json.loads(json.dumps(write_message(message)))))

    def _send_again(self) -> bool:
        for party in (self.one, self.other):
            party.outbox += party.unsettled()
        return bool(self.one.outbox or self.other.outbox)


def message_of(type: str, body: Any = None, **more: Any) -> Message:
    """From Alice to Bob."""
    plain = Message("m-1", type, {} if body is None else body, ALICE, (BOB,), created_time=NOW_S)
    return replace(plain, **more)
