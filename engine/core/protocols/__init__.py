"""What DIDComm messages mean to each other, as tables: a state, a message and what is known, and a reaction.

No IO, no clock, no chance. `README.md` describes our own protocol and how a state is to be kept.
"""

from engine.core.protocols.hearing import hear
from engine.core.protocols.protocol import Kind, Protocol
from engine.core.protocols.reactions import (
    Facts,
    Feature,
    Held,
    NewId,
    Note,
    NothingWaits,
    Reaction,
    State,
    Summary,
    Trouble,
    Waiting,
    ids_from,
)
from engine.core.protocols.relationships import begin
from engine.core.protocols.table import PROTOCOLS, features, protocol_of
from engine.core.protocols.threads import give_up

__all__ = [
    "PROTOCOLS",
    "Facts",
    "Feature",
    "Held",
    "Kind",
    "NewId",
    "Note",
    "NothingWaits",
    "Protocol",
    "Reaction",
    "State",
    "Summary",
    "Trouble",
    "Waiting",
    "begin",
    "features",
    "give_up",
    "hear",
    "ids_from",
    "protocol_of",
]
