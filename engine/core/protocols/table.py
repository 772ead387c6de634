"""All protocols that are spoken here, and which of them a message type belongs to."""

from __future__ import annotations

from engine.core.didcomm.messages import Message, same_id
from engine.core.protocols import (
    basicmessage,
    coordinate_mediation,
    discover_features,
    empty,
    engines,
    messagepickup,
    out_of_band,
    picomesh,
    report_problem,
    routing,
    trust_ping,
)
from engine.core.protocols.bodies import problem_in
from engine.core.protocols.message_types import (
    MessageType,
    event_name,
    plain,
    read_protocol,
    read_type,
    written_name,
)
from engine.core.protocols.protocol import Kind, Protocol
from engine.core.protocols.reactions import Feature

PROTOCOLS: tuple[Protocol, ...] = (
    trust_ping.PROTOCOL,
    discover_features.PROTOCOL,
    basicmessage.PROTOCOL,
    report_problem.PROTOCOL,
    out_of_band.PROTOCOL,
    routing.PROTOCOL,
    coordinate_mediation.PROTOCOL_2,
    coordinate_mediation.PROTOCOL_3,
    messagepickup.PROTOCOL,
    empty.PROTOCOL,
    picomesh.PROTOCOL,
    engines.PROTOCOL,
)

HEADERS = ("please_ack", "ack", "return_route", "lang")
"""Those that are understood beside the ones that every message may have."""

_BY_PIURI = {read_protocol(protocol.piuri): protocol for protocol in PROTOCOLS}
_KINDS = {
    (protocol.piuri, plain(name)): kind for protocol in PROTOCOLS for name, kind in protocol.kinds.items()
}
_NAMES = {
    read_type(protocol.type(name)): event_name(protocol.name, name)
    for protocol in PROTOCOLS
    for name in protocol.kinds
}


def protocol_of(uri: str) -> Protocol | None:
    """None if it is nobody's here: a ruleset may know it."""
    found = read_type(uri)
    return None if found is None else _BY_PIURI.get(_protocol_part(found))


def _protocol_part(found: MessageType) -> tuple[str, str, int]:
    return (found.doc, found.protocol, found.major)


def kind_of(uri: str, protocol: Protocol) -> Kind | None:
    """None if the protocol has no such message."""
    found = read_type(uri)
    return None if found is None else _KINDS.get((protocol.piuri, found.message))


def kind_of_message(message: Message) -> Kind | None:
    """None if nobody here knows such messages."""
    protocol = protocol_of(message.type)
    return None if protocol is None else kind_of(message.type, protocol)


def is_answer(message: Message) -> bool:
    """Whether it means nothing by itself, but answers something or fails to."""
    kind = kind_of_message(message)
    return kind is not None and bool(kind.answers) and not (kind.unasked and message.thid is None)


def ends_thread(uri: str) -> bool:
    """Whether nothing else is to come when somebody has answered so."""
    protocol = protocol_of(uri)
    kind = None if protocol is None else kind_of(uri, protocol)
    return kind is not None and kind.final


def may_be_answered(uri: str) -> bool:
    protocol = protocol_of(uri)
    return protocol is not None and any(_answers(one, uri) for one in protocol.kinds.values())


def answers(answer: str, question: str) -> bool:
    """Whether a message of the one type answers one of the other."""
    protocol = protocol_of(answer)
    kind = None if protocol is None else kind_of(answer, protocol)
    return kind is not None and protocol is protocol_of(question) and _answers(kind, question)


def is_answer_to(answer: Message, question: Message) -> bool:
    """Whether a message is in the thread of the other, and of a type, with a body, that answers it."""
    is_in_thread = same_id(answer.thid, question.thread)
    return is_in_thread and answers(answer.type, question.type) and is_well_formed(answer)


def _answers(kind: Kind, question: str) -> bool:
    asked = read_type(question)
    return asked is not None and asked.message in map(plain, kind.answers)


def is_well_formed(message: Message) -> bool:
    """Whether it has the body that its protocol says; of what nobody here knows, anything has."""
    kind = kind_of_message(message)
    return kind is None or problem_in(message.body, kind.body) is None


def name_of(uri: str) -> str:
    """What a message is called as an event, in the domain `didcomm`: `trust_ping_ping`. A protocol that is
    spoken here goes by its own name, however a sender writes it, since policies name it so."""
    found = read_type(uri)
    return _NAMES.get(found) or written_name(uri)


def features() -> tuple[Feature, ...]:
    """What an engine has to disclose, before its rulesets and its policy have their say."""
    protocols = (Feature("protocol", protocol.piuri, protocol.roles) for protocol in PROTOCOLS)
    return (*protocols, *(Feature("header", name) for name in HEADERS))
