"""picomesh migration 1.0, our own: what two engines say to each other while a pico moves.

`README.md` describes it for whoever wants to speak it. What a message does is in the tables of
`engine.core.migration`; here is how it looks: `read` takes a message of a proven sender apart, `write` puts
one together. What comes along for others than the tables, such as what a pico needs, is in `Parcel`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.migration.messages import (
    Accept,
    Attempt,
    Cancel,
    Entry,
    Handoff,
    Head,
    Moved,
    NotHere,
    Offer,
    Ready,
    Refuse,
    Release,
    Resend,
    Sent,
    Taken,
    Unknown,
    Where,
)
from engine.core.protocols.bodies import (
    LONGEST_TEXT,
    Shape,
    an_object,
    did,
    list_of,
    may,
    need,
    object_with,
    problem_in,
    text,
    whole,
)
from engine.core.protocols.message_types import plain, read_protocol, read_type

PIURI = "https://picomesh.org/protocols/picomesh/migration/1.0"
"""A name; nothing is fetched from there."""

LONGEST_NAME = 256
LARGEST_LOG = 1 << 18
"""Characters of entries in a message; so many has a log of some two hundred."""
LARGEST_BOX = 1 << 17
"""Characters of what goes along sealed: a key for each epoch, and little else."""
MOST_RULESETS = 256

_NAME = need(text(LONGEST_NAME, empty=False))
_MOVE: Shape = {"did": need(did), "epoch": need(whole(1)), "attempt": need(whole(1))}
_KNOWN: Shape = {"did": need(did), "epoch": need(whole(1))}
_A_HEAD = object_with({"sequence": need(whole()), "state": _NAME, "cid": _NAME})
_HEAD = need(_A_HEAD)
_SIGNED = need(text(LARGEST_LOG, empty=False))
_LOG: Shape = {"log": _SIGNED, "approvals": may(text(LARGEST_LOG))}
_REASON = need(object_with({"code": _NAME, "comment": may(text())}))

BODIES: Mapping[str, Shape] = {
    "offer": {
        **_MOVE,
        **_LOG,
        "head": may(_A_HEAD),
        "size": need(whole()),
        "rulesets": need(list_of(text(LONGEST_NAME, empty=False), most=MOST_RULESETS)),
        "formats": need(an_object),
        "needs": may(an_object),
    },
    "accept": {**_MOVE, "key": _NAME},
    "refuse": {**_MOVE, "reason": _REASON},
    "handoff": {
        **_MOVE,
        "head": _HEAD,
        "proof": _SIGNED,
        "keys": need(text(LARGEST_BOX)),
        "log": may(text(LARGEST_LOG)),
    },
    "ready": {**_MOVE, "head": _HEAD, "key": _NAME, "proof": _SIGNED},
    "release": {**_MOVE, **_LOG},
    "resend": {**_MOVE, **_LOG},
    "taken": {**_MOVE, **_LOG},
    "cancel": _MOVE,
    "unknown": _MOVE,
    "where": {"did": may(did), "epoch": need(whole()), "known": may(list_of(object_with(_KNOWN)))},
    "not-here": {"did": may(did)},
    "moved": {"did": need(did), **_LOG},
}
"""What the body of each has to look like. Members that no table names are let pass."""

LOGGED = frozenset({"release", "resend", "taken", "moved"})
"""Those that prove something by the pico's log."""


class NotAMove(ValueError):
    """A message that is not what the protocol says; quotes nothing of it."""


@dataclass(frozen=True)
class Parcel:
    """One message of a move, and what comes along with it that the tables do not look at."""

    did: str
    """The pico. Empty in a question about all that was released to whoever asks, and in its answer."""
    message: Sent
    more: Mapping[str, Any] = field(default_factory=dict)


ReadEntry = Callable[[str, str], Entry]
"""The newest entry of a log of that DID, verified. Raises `NotAMove`."""
IsProof = Callable[[str, Attempt, Head], bool]
"""Whether a text is our own signature of the handoff of this head in this attempt."""


def kind_of(type: str) -> str | None:
    """`offer` and so on; None if it is no message of a move."""
    found = read_type(type)
    if found is None or (found.doc, found.protocol, found.major) != read_protocol(PIURI):
        return None
    return next((kind for kind in BODIES if plain(kind) == found.message), None)


def type_of(message: Sent) -> str:
    return f"{PIURI}/{_KINDS[type(message)]}"


# --- reading ----------------------------------------------------------------------------------------


def read(message: Message, sender: str, me: str, read_entry: ReadEntry, is_proof: IsProof) -> Parcel:
    """`sender` is proven. Whose attempt it is follows from that and from the kind, so nobody speaks in the
    attempt of others."""
    kind = kind_of(message.type)
    problem = "no such message" if kind is None else problem_in(message.body, BODIES[kind])
    if kind is None or problem is not None:
        raise NotAMove(problem)
    body = message.body
    entry = read_entry(body["did"], body["log"]) if kind in LOGGED else None
    told = _tell(kind, message, _parties(kind, sender, me), entry)
    if isinstance(told, Handoff) and body.get("log"):
        told = Handoff(told.attempt, told.head, read_entry(body["did"], body["log"]))
    if isinstance(told, Ready):
        told = Ready(told.attempt, told.head, told.key, is_proof(body["proof"], told.attempt, told.head))
    known = {"did", "epoch", "attempt"}
    return Parcel(body.get("did", ""), told, {name: body[name] for name in body if name not in known})


def _parties(kind: str, sender: str, me: str) -> tuple[str, str]:
    """Source and target. What a target says is from the target."""
    return (me, sender) if kind in ("accept", "refuse", "ready", "resend", "taken") else (sender, me)


def _tell(kind: str, message: Message, parties: tuple[str, str], entry: Entry | None) -> Sent:
    body, thread = message.body, message.thread.lower()
    if kind == "where":
        return Where(parties[0], body["epoch"], thread)
    if kind == "not-here":
        return NotHere(thread)
    if kind == "moved" and entry is not None:
        return Moved(entry)
    attempt = Attempt(body["epoch"], body["attempt"], thread, *parties)
    return _in_attempt(kind, attempt, body, entry)


def _in_attempt(kind: str, attempt: Attempt, body: Mapping[str, Any], entry: Entry | None) -> Sent:
    match kind:
        case "offer":
            return Offer(attempt)
        case "accept":
            return Accept(attempt, body["key"])
        case "refuse":
            return Refuse(attempt, _read_reason(body["reason"]))
        case "handoff":
            return Handoff(attempt, _head(body))
        case "ready":
            return Ready(attempt, _head(body), body["key"])
        case "cancel":
            return Cancel(attempt)
        case "unknown":
            return Unknown(attempt)
    if entry is None:
        raise NotAMove("it proves nothing")
    logged: Mapping[str, Callable[[Attempt, Entry], Sent]] = {
        "release": Release,
        "resend": Resend,
        "taken": Taken,
    }
    return logged[kind](attempt, entry)


def _head(body: Mapping[str, Any]) -> Head:
    return Head(body["head"]["sequence"], body["head"]["state"], body["head"]["cid"])


# --- writing ----------------------------------------------------------------------------------------


def write(parcel: Parcel, id: str, sender: str, to: str, now_s: int, expires_s: int) -> Message:
    """`more` has what the tables do not know: the log that proves an entry, what a pico needs, the proof of a
    handoff. Raises `NotAMove` if something is missing."""
    message = parcel.message
    about = {"did": parcel.did} if parcel.did else {}
    body = {**about, **_words(message), **parcel.more}
    problem = problem_in(body, BODIES[_KINDS[type(message)]])
    if problem is not None:
        raise NotAMove(problem)
    thread = _thread(message)
    return Message(
        id,
        type_of(message),
        body,
        sender,
        (to,),
        thid=thread or None,
        created_time=now_s,
        expires_time=expires_s,
    )


def _thread(message: Sent) -> str:
    match message:
        case Where(_, _, asked) | NotHere(asked):
            return asked
        case Moved():
            return ""
        case _:
            return message.attempt.name


def _words(message: Sent) -> dict[str, Any]:
    match message:
        case Where(_, number, _):
            return {"epoch": number}
        case NotHere() | Moved():
            return {}
    words: dict[str, Any] = {"epoch": message.attempt.epoch, "attempt": message.attempt.number}
    match message:
        case Accept(_, key):
            return {**words, "key": key}
        case Refuse(_, reason):
            return {**words, "reason": _plain_reason(reason)}
        case Handoff(_, head, _):
            return {**words, "head": _plain_head(head)}
        case Ready(_, head, key, _):
            return {**words, "head": _plain_head(head), "key": key}
        case _:
            return words


def _read_reason(plain: Mapping[str, Any]) -> str:
    """To the tables a reason is one text, the code first: it is for people."""
    return f"{plain['code']}: {plain['comment']}" if plain.get("comment") else str(plain["code"])


def _plain_reason(reason: str) -> dict[str, str]:
    code, _, comment = reason.partition(": ")
    return {"code": code, **({"comment": comment[:LONGEST_TEXT]} if comment else {})}


def _plain_head(head: Head) -> dict[str, Any]:
    return {"sequence": head.sequence, "state": head.state, "cid": head.cid}


_KINDS: Mapping[type, str] = {
    Offer: "offer",
    Accept: "accept",
    Refuse: "refuse",
    Handoff: "handoff",
    Ready: "ready",
    Release: "release",
    Resend: "resend",
    Taken: "taken",
    Cancel: "cancel",
    Unknown: "unknown",
    Where: "where",
    NotHere: "not-here",
    Moved: "moved",
}
