"""All protocols that are spoken here, and which of them a message type belongs to."""

from __future__ import annotations

from engine.core.protocols import (
    basicmessage,
    coordinate_mediation,
    discover_features,
    empty,
    messagepickup,
    out_of_band,
    picomesh,
    report_problem,
    routing,
    trust_ping,
)
from engine.core.protocols.message_types import MessageType, plain, read_protocol, read_type
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
)

HEADERS = ("please_ack", "ack", "return_route", "lang")
"""Those that are understood beside the ones that every message may have."""

_BY_PIURI = {read_protocol(protocol.piuri): protocol for protocol in PROTOCOLS}
_KINDS = {
    (protocol.piuri, plain(name)): kind for protocol in PROTOCOLS for name, kind in protocol.kinds.items()
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


def features() -> tuple[Feature, ...]:
    """What an engine has to disclose, before its rulesets and its policy have their say."""
    protocols = (Feature("protocol", protocol.piuri, protocol.roles) for protocol in PROTOCOLS)
    return (*protocols, *(Feature("header", name) for name in HEADERS))
