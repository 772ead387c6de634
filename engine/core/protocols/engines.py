"""picomesh engines 1.0, our own: two engines meet by an invitation, and tell each other of engines.

`README.md` describes it for whoever wants to speak it. What an advert says, and who has signed it, is
`engine.core.mesh.adverts`. Whether somebody may say hello, and what comes of adverts, is for the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import Shape, list_of, may, need, text
from engine.core.protocols.message_types import read_protocol, read_type, written_name
from engine.core.protocols.protocol import Kind, Protocol
from engine.core.protocols.reactions import Facts, Note, Reaction, State, attrs_of

PIURI = "https://picomesh.org/protocols/picomesh/engines/1.0"
"""A name; nothing is fetched from there."""
HELLO = f"{PIURI}/hello"
WELCOME = f"{PIURI}/welcome"
ADVERTS = f"{PIURI}/adverts"
ADVERTS_ANSWER = f"{PIURI}/adverts-answer"
GOODBYE = f"{PIURI}/goodbye"
LARGEST_ADVERT = 16_384
"""Characters of one. Most have fewer than two thousand."""
MOST_ADVERTS = 64
"""In one message, the first of them the own one of whoever sends it."""
GOAL = "picomesh.engines.meet"
"""The `goal_code` of an invitation by an engine to an engine."""

NOT_MET = "e.p.trust.not-met"
BAD_ADVERT = "e.p.msg.bad-advert"

_ADVERT = need(text(LARGEST_ADVERT, empty=False))
_ADVERTS: Shape = {"adverts": need(list_of(text(LARGEST_ADVERT, empty=False), most=MOST_ADVERTS, least=1))}
_REASON: Shape = {"reason": may(text(256))}


def is_ours(type: str) -> bool:
    found = read_type(type)
    return found is not None and (found.doc, found.protocol, found.major) == read_protocol(PIURI)


def hello(
    id: str, me: str, to: str, advert: str, invitation: str | None, now_s: int, until_s: int
) -> Message:
    """`invitation` is the id of the one that is accepted; those who have met need none."""
    return _say(id, HELLO, {"advert": advert}, me, to, now_s, until_s, pthid=invitation)


def adverts(id: str, me: str, to: str, all: Sequence[str], now_s: int, until_s: int) -> Message:
    return _say(id, ADVERTS, {"adverts": list(all)}, me, to, now_s, until_s)


def goodbye(id: str, me: str, to: str, now_s: int, until_s: int) -> Message:
    return _say(id, GOODBYE, {}, me, to, now_s, until_s)


def _say(
    id: str,
    type: str,
    body: dict[str, object],
    me: str,
    to: str,
    now_s: int,
    until_s: int,
    pthid: str | None = None,
) -> Message:
    headers = {} if type == GOODBYE else {"return_route": "all"}
    return Message(
        id, type, body, me, (to,), pthid=pthid, created_time=now_s, expires_time=until_s, headers=headers
    )


def welcome(id: str, asked: Message, me: str, to: str, advert: str, now_s: int) -> Message:
    return Message(id, WELCOME, {"advert": advert}, me, (to,), thid=asked.thread, created_time=now_s)


def adverts_answer(id: str, asked: Message, me: str, to: str, all: Sequence[str], now_s: int) -> Message:
    return Message(
        id, ADVERTS_ANSWER, {"adverts": list(all)}, me, (to,), thid=asked.thread, created_time=now_s
    )


def _heard(state: State, message: Message, facts: Facts) -> Reaction:
    """Whom this engine knows is kept elsewhere."""
    return Reaction(state, notes=(Note(written_name(message.type), attrs_of(message, facts)),))


PROTOCOL = Protocol(
    PIURI,
    roles=("engine",),
    kinds={
        "hello": Kind("engine", {"advert": _ADVERT}, _heard),
        "welcome": Kind("engine", {"advert": _ADVERT}, _heard, answers=("hello",)),
        "adverts": Kind("engine", _ADVERTS, _heard),
        "adverts-answer": Kind("engine", _ADVERTS, _heard, answers=("adverts",)),
        "goodbye": Kind("engine", _REASON, _heard),
    },
)
