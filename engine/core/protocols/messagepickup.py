"""messagepickup 3.0: fetching the mail that a mediator keeps, and having it sent as it comes.

didcomm.org, "Message Pickup". What is delivered stays in the queue until its receipt is acknowledged, so
a message may be delivered twice; it is told to rules once. Live mode ends with the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.core.didcomm.attachments import Attachment
from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import boolean, did, list_of, may, message_id, need, whole
from engine.core.protocols.message_types import event_name
from engine.core.protocols.payloads import NoPayload, as_base64, as_json, payloads
from engine.core.protocols.protocol import Kind, Protocol, Words, reply, say
from engine.core.protocols.reactions import Facts, Held, Note, Reaction, State, Trouble, attrs_of, stray
from engine.core.protocols.remembering import remember
from engine.core.protocols.threads import Stray, ask, is_open, settle

PIURI = "https://didcomm.org/messagepickup/3.0"
STATUS_REQUEST = f"{PIURI}/status-request"
STATUS = f"{PIURI}/status"
DELIVERY_REQUEST = f"{PIURI}/delivery-request"
DELIVERY = f"{PIURI}/delivery"
RECEIVED = f"{PIURI}/messages-received"
LIVE_CHANGE = f"{PIURI}/live-delivery-change"

LARGEST_DELIVERY = 50
LARGEST_DELIVERY_BYTES = 1 << 19
"""Of envelopes in one delivery, unless one alone has more: encoded twice, they have to fit into one."""
PICKED_KEPT = 1024
RETURN = {"return_route": "all"}


# --- fetching ----------------------------------------------------------------------------------------


def request_status(
    state: State, id: str, now_s: int, recipient: str | None = None, until_s: int | None = None
) -> Reaction:
    return _ask(state, id, now_s, STATUS_REQUEST, _only_of(recipient), until_s)


def request_delivery(
    state: State,
    id: str,
    now_s: int,
    limit: int = LARGEST_DELIVERY,
    recipient: str | None = None,
    until_s: int | None = None,
) -> Reaction:
    return _ask(state, id, now_s, DELIVERY_REQUEST, {"limit": limit, **_only_of(recipient)}, until_s)


def go_live(state: State, id: str, now_s: int, live: bool = True) -> Reaction:
    """One change at a time: while one is not answered, only the wish is kept."""
    picking = {**_picking(state), "wish": live}
    state = {**state, "picking": picking}
    if picking["changing"] is not None and is_open(state, picking["changing"]):
        return Reaction(state)
    return _change(state, id, now_s)


def _change(state: State, id: str, now_s: int) -> Reaction:
    picking = _picking(state)
    after = {**state, "picking": {**picking, "changing": id}}
    return _ask(after, id, now_s, LIVE_CHANGE, {"live_delivery": picking["wish"]})


def is_live(state: State) -> bool:
    """Whether the mediator sends what comes without being asked."""
    return bool(_picking(state)["live"])


def lose_connection(state: State) -> State:
    """Live mode is of the connection, for both sides; the next one begins without."""
    picking = {**_picking(state), "live": False, "wish": False, "changing": None}
    return {**state, "picking": picking, "pickup": {"live": False}}


def _ask(
    state: State, id: str, now_s: int, type: str, body: Mapping[str, Any], until_s: int | None = None
) -> Reaction:
    message = say(state, Words(type, body, headers=RETURN, expires_s=until_s), id, now_s)
    return Reaction(ask(state, message, until_s, {"body": dict(body)}), (message,))


def _only_of(recipient: str | None) -> dict[str, str]:
    return {} if recipient is None else {"recipient_did": recipient}


def _picking(state: State) -> Mapping[str, Any]:
    nothing: dict[str, Any] = {"live": False, "wish": False, "changing": None, "picked": {}}
    picking: Mapping[str, Any] = state.get("picking", nothing)
    return picking


def _heard_status(state: State, message: Message, facts: Facts) -> Reaction:
    settled = settle(state, message, facts, STATUS_REQUEST, DELIVERY_REQUEST, RECEIVED, LIVE_CHANGE)
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    notes = (_note("status", message, facts),)
    if message.thread.lower() != (_picking(state)["changing"] or "").lower():
        return Reaction(settled.state, notes=notes)
    live = message.body.get("live_delivery", settled.asked["body"]["live_delivery"])
    return replace(_changed(settled.state, message, facts, live), notes=notes)


def _changed(state: State, message: Message, facts: Facts, live: bool) -> Reaction:
    """A wish that changed meanwhile is told now, unless the mediator did not do what was asked for."""
    picking = _picking(state)
    after = {**state, "picking": {**picking, "live": live, "changing": None}}
    if picking["wish"] == live:
        return Reaction(after)
    return _change(after, facts.new_id(f"live mode after {message.thread.lower()}"), facts.now_s)


def _heard_delivery(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    """Answered with what to clear, which is sent when all that was delivered is kept for good."""
    if message.thid is None and not is_live(state):
        return stray(state, message, facts, "delivered although nothing was asked for")
    if message.thid is not None:
        settled = settle(state, message, facts, DELIVERY_REQUEST)
        if isinstance(settled, Stray):
            return stray(state, message, facts, settled.why)
        state = settled.state
    try:
        delivered = _delivered(message)
    except NoPayload as problem:
        return Trouble("e.p.msg.bad-attachment", (str(problem),))
    return _pick(state, message, facts, delivered)


def _delivered(message: Message) -> dict[str, str]:
    ids = [attachment.id for attachment in message.attachments]
    if any(id is None or message_id(id, "id") for id in ids):
        raise NoPayload("one has no id")
    return dict(zip(map(str, ids), (one.decode() for one in payloads(message)), strict=True))


def _pick(state: State, message: Message, facts: Facts, delivered: Mapping[str, str]) -> Reaction:
    picked = _picking(state)["picked"]
    new = [{"id": id, "envelope": envelope} for id, envelope in delivered.items() if id not in picked]
    for id in delivered:
        picked = remember(picked, id, {}, PICKED_KEPT)
    after = {**state, "picking": {**_picking(state), "picked": picked}}
    words = Words(RECEIVED, {"message_id_list": list(delivered)}, headers=RETURN)
    receipt = replace(reply(after, message, facts, words), thid=None)
    note = _note("delivery", message, facts, {"messages": new})
    return Reaction(ask(after, receipt, known={"body": {}}), (receipt,), (note,))


# --- keeping mail for somebody -----------------------------------------------------------------------


def deliver_live(state: State, id: str, held: Held, now_s: int) -> Reaction:
    """Of a message that has just come, and is in the queue like any other. Nothing, unless in live mode."""
    if not _is_live_for_them(state):
        return Reaction(state)
    return Reaction(state, (say(state, _delivery([held], None), id, now_s),))


def _is_live_for_them(state: State) -> bool:
    return bool(state.get("pickup", {}).get("live"))


def _heard_status_request(state: State, message: Message, facts: Facts) -> Reaction:
    answer = _status(state, message, facts)
    return Reaction(state, (answer,), (_note("status-request", message, facts),))


def _heard_delivery_request(state: State, message: Message, facts: Facts) -> Reaction:
    recipient = message.body.get("recipient_did")
    limit = min(message.body["limit"], LARGEST_DELIVERY)
    held = _as_many_as_fit(facts.waiting.oldest(limit, recipient))
    if held:
        answer = reply(state, message, facts, _delivery(held, recipient))
    else:
        answer = _status(state, message, facts)
    return Reaction(state, (answer,), (_note("delivery-request", message, facts),))


def _as_many_as_fit(waiting: Iterable[Held]) -> list[Held]:
    held: list[Held] = []
    total = 0
    for one in waiting:
        total += len(one.envelope)
        if held and total > LARGEST_DELIVERY_BYTES:
            break
        held.append(one)
    return held


def _delivery(held: Sequence[Held], recipient: str | None) -> Words:
    return Words(DELIVERY, _only_of(recipient), tuple(_attached(one) for one in held))


def _attached(held: Held) -> Attachment:
    """As base64, which is what recipients look for, unless that would make an envelope of too many bytes."""
    if len(held.envelope) <= LARGEST_DELIVERY_BYTES:
        return as_base64(held.envelope, held.id)
    return replace(as_json(held.envelope), id=held.id)


def _heard_received(state: State, message: Message, facts: Facts) -> Reaction:
    """The note is what clears the queue."""
    gone = message.body["message_id_list"]
    answer = _status(state, message, facts, gone)
    return Reaction(state, (answer,), (_note("messages-received", message, facts, {"ids": list(gone)}),))


def _heard_live_change(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    live = message.body["live_delivery"]
    if live and not facts.can_go_live:
        return Trouble("e.m.live-mode-not-supported")
    after = {**state, "pickup": {"live": live}}
    return Reaction(
        after, (_status(after, message, facts),), (_note("live-delivery-change", message, facts),)
    )


def _status(state: State, message: Message, facts: Facts, gone: Sequence[str] = ()) -> Message:
    recipient = message.body.get("recipient_did")
    summary = facts.waiting.summary(recipient, frozenset(gone))
    body: dict[str, Any] = {
        **_only_of(recipient),
        "message_count": summary.count,
        "total_bytes": summary.total_bytes,
        "live_delivery": _is_live_for_them(state),
    }
    if summary.oldest_s is not None and summary.newest_s is not None:
        body["longest_waited_seconds"] = max(0, facts.now_s - summary.oldest_s)
        body["oldest_received_time"] = summary.oldest_s
        body["newest_received_time"] = summary.newest_s
    return reply(state, message, facts, Words(STATUS, body))


def _note(kind: str, message: Message, facts: Facts, more: Mapping[str, Any] | None = None) -> Note:
    return Note(event_name("messagepickup", kind), attrs_of(message, facts) | dict(more or {}))


_OF = {"recipient_did": may(did)}
_STATUS = {
    **_OF,
    "message_count": need(whole()),
    "longest_waited_seconds": may(whole()),
    "newest_received_time": may(whole()),
    "oldest_received_time": may(whole()),
    "total_bytes": may(whole()),
    "live_delivery": may(boolean),
}

_ASKED = ("status-request", "delivery-request", "messages-received", "live-delivery-change")

PROTOCOL = Protocol(
    PIURI,
    roles=("mediator", "recipient"),
    kinds={
        "status-request": Kind("recipient", _OF, _heard_status_request, again=True),
        "status": Kind("mediator", _STATUS, _heard_status, answers=_ASKED),
        "delivery-request": Kind(
            "recipient", {"limit": need(whole(1)), **_OF}, _heard_delivery_request, again=True
        ),
        "delivery": Kind("mediator", _OF, _heard_delivery, answers=("delivery-request",), unasked=True),
        "messages-received": Kind(
            "recipient", {"message_id_list": need(list_of(message_id))}, _heard_received, again=True
        ),
        "live-delivery-change": Kind("recipient", {"live_delivery": need(boolean)}, _heard_live_change),
    },
)
