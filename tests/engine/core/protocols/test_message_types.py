"""Message types: which are the same, and what is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.protocols import PROTOCOLS, picomesh, protocol_of
from engine.core.protocols.message_types import event_name, read_type, same_type
from engine.core.protocols.table import answers, kind_of, may_be_answered, name_of

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


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (PING, "trust_ping_ping"),
        ("https://didcomm.org/TrustPing/2.7/P_ing", "trust_ping_ping"),
        ("https://example.org/My-Talk/1.0/say.this", "my_talk_say_this"),
        ("https://example.org/protocols?which=lets_do_lunch/1.0/proposal", "lets_do_lunch_proposal"),
        ("https://didcomm.org/trust-ping/2.0/pong", "trust_ping_pong"),
        ("nothing", "unknown"),
    ],
)
def test_a_message_goes_by_the_name_of_what_it_is(uri: str, name: str) -> None:
    """Of a protocol that is spoken here by the protocol's own, since policies name that one."""
    assert name_of(uri) == name


def test_types_that_are_none_are_the_same_if_they_are_written_so() -> None:
    """Nothing is known of them but their letters."""
    assert same_type("x", "x")
    assert not same_type("x", "y")
    assert not same_type("x", PING)


def test_a_type_that_was_made_to_take_long_does_not() -> None:
    """A name might begin at each of its letters, and never does; to try them all takes more than a second."""
    begun = time.process_time()
    assert read_type("a" * 20_000 + "!/1x/y") is None
    assert time.process_time() - begun < 0.1


def test_what_answers_something_names_messages_of_its_protocol() -> None:
    """And of no other one."""
    for protocol, kind in KINDS:
        for question in protocol.kinds[kind].answers:
            assert question in protocol.kinds
            assert answers(protocol.type(kind), protocol.type(question))
            assert may_be_answered(protocol.type(question))


def test_who_answers_what() -> None:
    """In whatever minor version; an answer is no question, and what nobody here knows is neither."""
    assert answers("https://didcomm.org/trust-ping/2.1/ping-response", PING)
    assert not answers(PING, PING)
    assert not answers(picomesh.ANSWER, picomesh.EVENT)
    assert not answers("https://example.org/talk/1.0/answer", "https://example.org/talk/1.0/question")
    assert not may_be_answered("https://didcomm.org/trust-ping/2.0/ping-response")
    assert not may_be_answered("https://example.org/talk/1.0/question")
