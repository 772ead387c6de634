"""routing 2.0: an envelope inside a message for a mediator, which passes it on unread.

DIDComm v2.1, "Routing Protocol 2.0". Whether anybody's mail for `next` is kept here is known to whoever
keeps it; the sender, whom mostly nothing proves, is never told.
"""

from __future__ import annotations

from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import did_or_key, need
from engine.core.protocols.payloads import NoPayload, as_json, payloads
from engine.core.protocols.protocol import Kind, Protocol
from engine.core.protocols.reactions import Facts, Note, Reaction, State, Trouble, attrs_of

PIURI = "https://didcomm.org/routing/2.0"
FORWARD = f"{PIURI}/forward"


def forward(id: str, envelope: bytes, next: str, mediator: str, expires_s: int | None = None) -> Message:
    """To be packed anonymously for the mediator. Several on the way: begin with the last."""
    return Message(
        id, FORWARD, {"next": next}, to=(mediator,), expires_time=expires_s, attachments=(as_json(envelope),)
    )


def _heard_forward(state: State, message: Message, facts: Facts) -> Reaction | Trouble:
    try:
        envelopes = payloads(message)
    except NoPayload as problem:
        return Trouble("e.p.msg.bad-attachment", (str(problem),))
    carried = {"next": message.body["next"], "envelopes": [envelope.decode() for envelope in envelopes]}
    return Reaction(state, notes=(Note("routing_forward", attrs_of(message, facts) | carried),))


PROTOCOL = Protocol(
    PIURI,
    roles=("sender", "mediator", "receiver"),
    kinds={
        "forward": Kind(
            "sender", {"next": need(did_or_key)}, _heard_forward, anonymous=True, acknowledged=False
        )
    },
)
