"""out-of-band 2.0: an invitation that is shown to somebody whom one does not know yet, as a URL.

DIDComm v2.1, "Out Of Band Messages". Whoever accepts writes to its `from`, in a thread whose parent is the
invitation. Everything in it may be read by anybody who sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.base64url import encode
from engine.core.didcomm.limits import LIMITS
from engine.core.didcomm.messages import Message, read_message, write_message
from engine.core.didcomm.refused import Refused
from engine.core.didcomm.strict_json import read_object, write_json
from engine.core.dids import same_did
from engine.core.protocols.bodies import LONGEST_TEXT, Shape, list_of, may, problem_in, text
from engine.core.protocols.message_types import read_type
from engine.core.protocols.payloads import NoPayload, decoded
from engine.core.protocols.protocol import Kind, Protocol
from engine.core.protocols.reactions import Facts, Note, Reaction, State, Trouble, attrs_of
from engine.core.protocols.remembering import Records, remember

PIURI = "https://didcomm.org/out-of-band/2.0"
INVITATION = f"{PIURI}/invitation"

LONGEST_URL = 1 << 16
MOST_OFFERED = 1024
BODY: Shape = {
    "goal_code": may(text()),
    "goal": may(text()),
    "accept": may(list_of(text(), most=64)),
}


class BadInvitation(ValueError):
    """A text that is no invitation. Says what is wrong, for whoever pasted it."""


@dataclass(frozen=True)
class Short:
    """An invitation that has to be fetched: a GET of this URL leads to the long one."""

    url: str
    id: str


# --- making one --------------------------------------------------------------------------------------


def invite(
    id: str, me: str, body: Mapping[str, Any], messages: Sequence[Message] = (), expires_s: int | None = None
) -> Message:
    """`messages` are alternatives, of which whoever is invited takes the first that it understands."""
    attached = tuple(_attached(place, message) for place, message in enumerate(messages))
    invitation = Message(id, INVITATION, body, me, expires_time=expires_s, attachments=attached)
    _check(invitation)
    return invitation


def _attached(place: int, message: Message) -> Attachment:
    data = AttachmentData(json=Embedded(write_message(message)))
    return Attachment(data, id=f"request-{place}", media_type="application/json")


def to_url(invitation: Message, page: str) -> str:
    """`page` is where somebody without an agent lands, and reads what to do."""
    parts = urlsplit(page)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise BadInvitation(
            f"{page[:LONGEST_TEXT]} is not the URL of a page; one looks like https://example.com/i"
        )
    return f"{page}{'&' if parts.query else '?'}_oob={encode(write_json(write_message(invitation)))}"


# --- reading one -------------------------------------------------------------------------------------


def from_url(url: str) -> Message | Short:
    if len(url) > LONGEST_URL:
        raise BadInvitation(f"the URL of an invitation has at most {LONGEST_URL} characters")
    try:
        queries = parse_qs(urlsplit(url.strip()).query, max_num_fields=64)
    except ValueError as problem:
        raise BadInvitation("this is not a URL") from problem
    if "_oob" in queries:
        return read_invitation(_only(queries["_oob"]))
    if "_oobid" in queries:
        return Short(url.strip(), _only(queries["_oobid"]))
    raise BadInvitation("the URL of an invitation has _oob=… in it; this one has not")


def _only(values: list[str]) -> str:
    if len(values) != 1:
        raise BadInvitation("the URL has two invitations in it; which one is meant?")
    return values[0]


def read_invitation(encoded: str) -> Message:
    """Some pad what they encode, and some use the other alphabet."""
    try:
        invitation = read_message(read_object(decoded(encoded), LIMITS))
    except NoPayload as problem:
        raise BadInvitation("_oob is not base64url; perhaps the URL was cut off?") from problem
    except Refused as problem:
        raise BadInvitation(f"the invitation is not a DIDComm message: {problem.reason}") from problem
    _check(invitation)
    return invitation


def read_plain(text: str) -> Message:
    """The message itself, as it is shown to people."""
    try:
        invitation = read_message(read_object(text.encode(), LIMITS))
    except Refused as problem:
        raise BadInvitation(f"the invitation is not a DIDComm message: {problem.reason}") from problem
    _check(invitation)
    return invitation


def _check(invitation: Message) -> None:
    if read_type(invitation.type) != read_type(INVITATION):
        raise BadInvitation(f"the message is not an invitation, its type is {invitation.type}")
    if invitation.from_ is None:
        raise BadInvitation("the invitation does not say who invites (from)")
    problem = problem_in(invitation.body, BODY)
    if problem:
        raise BadInvitation(f"the invitation is not what its protocol says: {problem}")


def choose(invitation: Message, known: Collection[str]) -> Message | None:
    """The first of the attached messages whose type is among these; the sender listed the best one first."""
    wanted = {read_type(uri) for uri in known}
    messages = (_message_in(attachment) for attachment in invitation.attachments)
    return next((one for one in messages if one is not None and read_type(one.type) in wanted), None)


def _message_in(attachment: Attachment) -> Message | None:
    data = attachment.data
    try:
        if data.base64 is not None:
            return read_message(read_object(decoded(data.base64), LIMITS))
        if data.json is not None and isinstance(data.json.value, Mapping):
            return read_message(data.json.value)
    except (NoPayload, Refused):
        pass
    return None


# --- whose invitation was accepted -------------------------------------------------------------------


def offer(offered: Records, invitation: Message, once: bool) -> Records:
    """What whoever invites keeps, outside of any relationship: invitations come before those."""
    record = {"until_s": invitation.expires_time, "once": once, "by": None}
    return remember(offered, invitation.id.lower(), record, MOST_OFFERED)


def withdraw(offered: Records, id: str) -> Records:
    return {name: record for name, record in offered.items() if name != id.lower()}


def accept(offered: Records, message: Message, facts: Facts) -> tuple[Records, Note] | Trouble:
    """Of a message whose parent thread is an invitation; the relationship begins with it."""
    name = (message.pthid or "").lower()
    record = offered.get(name)
    if record is None:
        return Trouble("e.p.req.no-such-invitation")
    if facts.sender is None:
        return Trouble("e.p.trust.unknown-sender")
    if record["until_s"] is not None and facts.now_s >= record["until_s"]:
        return Trouble("e.p.req.time.invitation-over")
    if record["once"] and record["by"] is not None and not same_did(record["by"], facts.sender):
        return Trouble("e.p.req.invitation-used")
    taken = remember(offered, name, {**record, "by": facts.sender}, MOST_OFFERED)
    return taken, Note("out_of_band_accepted", attrs_of(message, facts) | {"invitation": name})


def _heard_invitation(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    """One may also be sent like any message; it still says itself who invites."""
    if message.from_ is None:
        return Trouble("e.p.msg.bad-body", ("from is missing",))
    return Reaction(state, notes=(Note("out_of_band_invitation", attrs_of(message, facts)),))


PROTOCOL = Protocol(
    PIURI,
    roles=("sender", "receiver"),
    kinds={"invitation": Kind("sender", BODY, _heard_invitation, anonymous=True)},
)
