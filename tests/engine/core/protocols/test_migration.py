"""Messages of a move: what is written is read, each counts as from whoever is proven to have sent it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.core.didcomm.messages import Message, read_message, write_message
from engine.core.migration.messages import (
    Accept,
    Attempt,
    Cancel,
    Entry,
    Handoff,
    Head,
    Moved,
    NotHere,
    Offer,
    Ready,
    Refuse,
    Release,
    Resend,
    Sent,
    Taken,
    Unknown,
    Where,
)
from engine.core.protocols.migration import BODIES, PIURI, NotAMove, Parcel, kind_of, read, type_of, write
from tests.engine.core.protocols.parties import ALICE, BOB, CAROL, NOW_S

PICO = "did:scid:vh:1:QmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQmQm"
MOVE = Attempt(4, 2, "5f0e3ffb", ALICE, BOB)
HEAD = Head(71, "state", "bafyhead")
ENTRY = Entry(5, "5-zQm", BOB, "z6key")
LOG = {"log": '{"versionId":"5-zQm"}\n'}
OFFER = {**LOG, "head": {"sequence": 70, "state": "s", "cid": "c"}, "size": 9000, "rulesets": ["bafkrei"]}

MESSAGES: list[tuple[Sent, dict[str, Any]]] = [
    (Offer(MOVE), {**OFFER, "formats": {"state": [1]}, "needs": {"modules": ["http"]}}),
    (Accept(MOVE, "z6key"), {}),
    (Refuse(MOVE, "no-room"), {}),
    (Handoff(MOVE, HEAD), {"proof": "mine", "keys": "sealed"}),
    (Handoff(MOVE, HEAD, ENTRY), {"proof": "mine", "keys": "sealed", **LOG}),
    (Ready(MOVE, HEAD, "z6key", True), {"proof": "mine"}),
    (Ready(MOVE, HEAD, "z6key", False), {"proof": "made up"}),
    (Release(MOVE, ENTRY), LOG),
    (Resend(MOVE, ENTRY), LOG),
    (Taken(MOVE, ENTRY), LOG),
    (Cancel(MOVE), {}),
    (Unknown(MOVE), {}),
    (Where(ALICE, 4, "8c41"), {}),
    (NotHere("8c41"), {}),
    (Moved(ENTRY), LOG),
]
FROM_TARGET = (Accept, Refuse, Ready, Resend, Taken)


def sender_of(message: Sent) -> tuple[str, str]:
    return (BOB, ALICE) if isinstance(message, FROM_TARGET) else (ALICE, BOB)


def read_entry(did: str, log: str) -> Entry:
    assert (did, log) == (PICO, LOG["log"])
    return ENTRY


def is_proof(text: str, attempt: Attempt, head: Head) -> bool:
    return (text, attempt, head) == ("mine", MOVE, HEAD)


def sent(message: Sent, more: dict[str, Any]) -> Message:
    """As it arrives: through the bytes that are enveloped."""
    written = write(Parcel(PICO, message, more), "m-1", *sender_of(message), NOW_S, NOW_S + 60)
    return read_message(json.loads(json.dumps(write_message(written))))


def heard(message: Message, sender: str, me: str) -> Parcel:
    return read(message, sender, me, read_entry, is_proof)


@pytest.mark.parametrize(("message", "more"), MESSAGES, ids=lambda one: type(one).__name__)
def test_what_is_written_is_read(message: Sent, more: dict[str, Any]) -> None:
    """With what comes along for others."""
    parcel = heard(sent(message, more), *sender_of(message))
    assert parcel.did == PICO
    assert parcel.message == message
    assert more.items() <= parcel.more.items()


def test_a_refusal_is_told_in_words() -> None:
    """Beside the code, as people need it; to the tables both are one text."""
    refuse = Refuse(MOVE, "price: a pico costs 5 a day here; 0 is offered")
    written = sent(refuse, {})
    assert written.body["reason"] == {"code": "price", "comment": "a pico costs 5 a day here; 0 is offered"}
    assert heard(written, BOB, ALICE).message == refuse
    assert sent(Refuse(MOVE, "late"), {}).body["reason"] == {"code": "late"}
    assert len(sent(Refuse(MOVE, "price: " + "x" * 10_000), {}).body["reason"]["comment"]) == 4096


def test_every_message_has_a_kind() -> None:
    """And every kind a message."""
    assert {kind_of(type_of(message)) for message, _ in MESSAGES} == set(BODIES)
    assert kind_of(f"{PIURI}/give") is None
    assert kind_of("https://example.org/migration/1.0/offer") is None


@pytest.mark.parametrize(("message", "more"), MESSAGES, ids=lambda one: type(one).__name__)
def test_nobody_speaks_in_the_attempt_of_others(message: Sent, more: dict[str, Any]) -> None:
    """What Carol says is of an attempt of Carol's, whatever it is called."""
    _, me = sender_of(message)
    told = heard(sent(message, more), CAROL, me).message
    if not isinstance(told, Where | NotHere | Moved):
        assert told.attempt != MOVE
        assert CAROL in (told.attempt.source, told.attempt.target)
    if isinstance(told, Ready):
        assert not told.proven


@pytest.mark.parametrize(("message", "more"), MESSAGES, ids=lambda one: type(one).__name__)
def test_a_body_that_lacks_something_is_refused(message: Sent, more: dict[str, Any]) -> None:
    """Whatever it is that its table needs; the reason names the member."""
    whole = sent(message, more)
    for name, rule in BODIES[str(kind_of(whole.type))].items():
        if rule.required:
            body = {other: value for other, value in whole.body.items() if other != name}
            with pytest.raises(NotAMove, match=f"{name} is missing"):
                heard(Message(whole.id, whole.type, body, thid=whole.thid), *sender_of(message))


BAD: list[tuple[str, Any]] = [
    ("did", "pico"),
    ("epoch", 0),
    ("epoch", "4"),
    ("attempt", True),
    ("attempt", -1),
    ("head", []),
    ("head", {"sequence": -1, "state": "s", "cid": "c"}),
    ("rulesets", "all"),
    ("rulesets", ["r"] * 257),
    ("size", 1.5),
    ("log", "x" * (1 << 18) + "x"),
    ("formats", None),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=repr)
def test_a_bad_member_is_refused(name: str, value: Any) -> None:
    """An offer has most of them."""
    message, more = MESSAGES[0]
    whole = sent(message, more)
    with pytest.raises(NotAMove, match=name):
        heard(Message("m", whole.type, {**whole.body, name: value}, thid="t"), ALICE, BOB)


def test_a_message_that_lacks_something_is_not_sent() -> None:
    """It is found out where it is made."""
    with pytest.raises(NotAMove, match="log is missing"):
        write(Parcel(PICO, Release(MOVE, ENTRY)), "m-1", ALICE, BOB, NOW_S, NOW_S + 60)
