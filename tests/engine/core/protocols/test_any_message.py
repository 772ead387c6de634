"""Whatever is heard, in any order: no exception, a state that can be kept, and the same reaction again."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.messages import Message, read_message, write_message
from engine.core.protocols import (
    PROTOCOLS,
    Facts,
    Reaction,
    State,
    begin,
    features,
    hear,
    ids_from,
    mediated,
    messagepickup,
    picomesh,
    trust_ping,
)
from tests.campaign import examples
from tests.engine.core.protocols.parties import ALICE, BOB, CAROL, NOW_S, rotation_in, token

TYPES = [protocol.type(kind) for protocol in PROTOCOLS for kind in protocol.kinds]
NAMES = sorted({name for protocol in PROTOCOLS for kind in protocol.kinds.values() for name in kind.body})
IDS = ["a", "A", "b", "c", "q-ping", "q-event", "q-grant", "q-pick"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from([ALICE, BOB, "add", "remove", "success", "protocol", "*", "e.p.msg", "w.m.x"])
)
members = st.sampled_from([*NAMES, "recipient_did", "action", "result", "feature-type", "match", "id"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=8,
)
bodies = st.dictionaries(members, values, max_size=5)
attachments = st.lists(
    st.builds(
        Attachment,
        st.builds(AttachmentData, base64=st.sampled_from(["e30", "eyJjaXBoZXJ0ZXh0IjoieCJ9", "!"]))
        | st.builds(AttachmentData, json=st.builds(Embedded, values)),
        id=st.none() | st.sampled_from(IDS),
    ),
    max_size=2,
).map(tuple)
headers = st.dictionaries(
    st.sampled_from(["please_ack", "ack", "return_route", "lang"]),
    st.lists(st.sampled_from([*IDS, ""])) | scalars,
)
rotations = st.builds(
    token, st.sampled_from([ALICE, CAROL]), st.sampled_from([ALICE, CAROL]), st.integers(0, 3)
)
messages = st.builds(
    Message,
    id=st.sampled_from(IDS),
    type=st.sampled_from(TYPES),
    body=bodies,
    from_=st.just(ALICE) | st.sampled_from([ALICE, CAROL, None]),
    thid=st.none() | st.sampled_from(IDS),
    pthid=st.none() | st.sampled_from(IDS),
    expires_time=st.none() | st.sampled_from([NOW_S, NOW_S + 1]),
    from_prior=st.none() | rotations,
    attachments=attachments,
    headers=headers,
)


def with_questions() -> State:
    """Bob has asked Alice something of each kind, and mediates for her."""
    state = begin(BOB, ALICE)
    state = trust_ping.ping(state, "q-ping", NOW_S).state
    event = {"domain": "d", "type": "t"}
    state = picomesh.send_event(state, "q-event", event, NOW_S, wait=True).state
    state = mediated.request(state, "q-grant", NOW_S).state
    state = messagepickup.request_delivery(state, "q-pick", NOW_S).state
    return {**state, "mediator": {"dids": []}}


def facts_of(message: Message) -> Facts:
    return Facts(
        message.from_,
        BOB,
        NOW_S,
        ids_from("bob"),
        rotation_in(message),
        features(),
        ("*pickup*",),
        ("did:example:r",),
        can_go_live=True,
    )


def read_again(reply: Message) -> Message:
    return read_message(json.loads(json.dumps(write_message(reply))))


@given(st.lists(messages, max_size=6))
@settings(max_examples=examples(200))
def test_any_messages_are_heard(heard: list[Message]) -> None:
    """What is kept is JSON, what is said can be sent, what was given is as it was."""
    state: Any = with_questions()
    for message in heard:
        before = copy.deepcopy((state, message))
        reaction = hear(state, message, facts_of(message))
        assert (state, message) == before
        assert reaction == hear(state, message, facts_of(message))
        assert all(read_again(reply) == reply for reply in reaction.replies)
        assert not any(reply.to != (reaction.state["peer"],) for reply in reaction.replies)
        json.dumps([dict(note.attrs) for note in reaction.notes], allow_nan=False)
        state = json.loads(json.dumps(reaction.state, sort_keys=True, allow_nan=False))
        assert reaction.state == state


@given(st.lists(messages, max_size=4), messages)
@settings(max_examples=examples(100))
def test_what_was_heard_is_not_heard_again(heard: list[Message], last: Message) -> None:
    """A repetition tells rules nothing, unless the first was stray; and it leaves alone what was done."""
    state: State = with_questions()
    for message in (*heard, last):
        first: Reaction = hear(state, message, facts_of(message))
        state = first.state
    again = hear(state, last, facts_of(last))
    if "stray" not in {note.name for note in first.notes}:
        assert not again.notes or {note.name for note in again.notes} == {"stray"}
        assert {**again.state, "problems": None} == {**state, "problems": None}
