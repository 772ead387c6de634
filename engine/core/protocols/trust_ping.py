"""trust-ping 2.0: is anybody there, and can we read each other. DIDComm v2.1, "Trust Ping Protocol 2.0"."""

from __future__ import annotations

from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import boolean, may
from engine.core.protocols.protocol import Kind, Protocol, Words, reply, say
from engine.core.protocols.reactions import Facts, Note, Reaction, State, attrs_of, stray
from engine.core.protocols.threads import Stray, ask, settle

PIURI = "https://didcomm.org/trust-ping/2.0"
PING = f"{PIURI}/ping"
RESPONSE = f"{PIURI}/ping-response"


def ping(state: State, id: str, now_s: int, until_s: int | None = None, response: bool = True) -> Reaction:
    words = Words(PING, {"response_requested": response}, expires_s=until_s)
    message = say(state, words, id, now_s)
    return Reaction(ask(state, message, until_s) if response else state, (message,))


def _heard_ping(state: State, message: Message, facts: Facts) -> Reaction:
    notes = (Note("trust_ping_ping", attrs_of(message, facts)),)
    if not message.body.get("response_requested", True):
        return Reaction(state, notes=notes)
    return Reaction(state, (reply(state, message, facts, Words(RESPONSE)),), notes)


def _heard_response(state: State, message: Message, facts: Facts) -> Reaction:
    settled = settle(state, message, facts, PING)
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    return Reaction(settled.state, notes=(Note("trust_ping_ping_response", attrs_of(message, facts)),))


PROTOCOL = Protocol(
    PIURI,
    roles=("sender", "receiver"),
    kinds={
        "ping": Kind("sender", {"response_requested": may(boolean)}, _heard_ping, anonymous=True),
        "ping-response": Kind("receiver", {}, _heard_response, answers=("ping",)),
    },
)
