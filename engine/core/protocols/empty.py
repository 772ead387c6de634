"""empty 1.0: nothing but headers, mostly those of an acknowledgement. DIDComm v2.1, "The Empty Message"."""

from __future__ import annotations

from engine.core.didcomm.messages import Message
from engine.core.protocols.protocol import Kind, Protocol
from engine.core.protocols.reactions import Facts, Reaction, State
from engine.core.protocols.relationships import EMPTY

PIURI = EMPTY.rpartition("/")[0]


def _heard_empty(state: State, message: Message, facts: Facts) -> Reaction:
    """What its headers say was heeded before."""
    return Reaction(state)


PROTOCOL = Protocol(
    PIURI, roles=("sender",), kinds={"empty": Kind("sender", {}, _heard_empty, anonymous=True)}
)
