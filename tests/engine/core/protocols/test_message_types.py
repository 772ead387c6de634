"""Message types: which are the same, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.protocols import PROTOCOLS, protocol_of
from engine.core.protocols.message_types import event_name, read_type
from engine.core.protocols.table import kind_of

PING = "https://didcomm.org/trust-ping/2.0/ping"
KINDS = [(protocol, kind) for protocol in PROTOCOLS for kind in protocol.kinds]


@pytest.mark.parametrize(
    "same",
    [
        "https://didcomm.org/trust-ping/2.1/ping",
        "https://didcomm.org/trust-ping/2/ping",
        "https://didcomm.org/trust-ping/2.0.7-rc1/ping",
        "https://didcomm.org/trust_ping/2.0/Ping",
        "https://didcomm.org/TrustPing/2.0/p-i-n-g",
    ],
)
def test_types_are_compared_as_the_specification_says(same: str) -> None:
    """Without case and punctuation of names, and without minor versions."""
    assert read_type(same) == read_type(PING)
    assert protocol_of(same) is protocol_of(PING)


@pytest.mark.parametrize(
    "other",
    [
        "https://didcomm.org/trust-ping/1.0/ping",
        "https://didcomm.org/trust-ping/20/ping",
        "https://example.com/trust-ping/2.0/ping",
        "https://DIDComm.org/trust-ping/2.0/ping",
        "did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/trust-ping/2.0/ping",
        "trust-ping/2.0/ping",
    ],
)
def test_other_protocols_are_not_ours(other: str) -> None:
    """Whose documentation is elsewhere, or of another major version."""
    assert protocol_of(other) is None


@pytest.mark.parametrize(("protocol", "kind"), KINDS, ids=[protocol.type(kind) for protocol, kind in KINDS])
def test_every_message_of_ours_is_found(protocol: object, kind: str) -> None:
    """By the type that is written."""
    assert hasattr(protocol, "type")
    uri = protocol.type(kind)
    found = protocol_of(uri)
    assert found is protocol
    assert found is not None
    assert kind_of(uri, found) is found.kinds[kind]


@given(st.text() | st.text("a/1.-"))
def test_any_text_is_a_type_or_none(text: str) -> None:
    """Never an exception; and a type has its parts in the text."""
    found = read_type(text)
    assert found is None or text.startswith(found.doc)


def test_an_event_name_is_one_in_krl() -> None:
    """Rules select by it, so it has to be a word of the language."""
    names = [event_name(protocol.name, kind) for protocol, kind in KINDS]
    assert all(name.isidentifier() for name in names)
    assert event_name("trust-ping", "ping-response") == "trust_ping_ping_response"
