"""Rotating DIDs, on either side and to nothing: heeded once, in order, and only of whom it concerns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.didcomm.messages import Message
from engine.core.protocols import Facts, Trouble, basicmessage, trust_ping
from engine.core.protocols.reactions import State
from engine.core.protocols.relationships import (
    MOST_UNSEEN,
    all_told,
    end,
    heed,
    is_seen,
    known_as,
    rotate,
    seen_at,
)
from tests.engine.core.protocols.parties import (
    ALICE,
    BOB,
    CAROL,
    NOW_S,
    Party,
    pair,
    rotation_in,
    talk,
    token,
)

ALICE_2, ALICE_3 = "did:example:alice2", "did:example:alice3"


def text(id: str, from_: str | None, from_prior: str | None = None) -> Message:
    return Message(id, basicmessage.MESSAGE, {"content": id}, from_, (BOB,), from_prior=from_prior)


def heard(bob: Party) -> list[str]:
    return [note["id"] for note in bob.told("basicmessage_message")]


def test_who_rotates_is_known_by_the_new_did() -> None:
    """With the very message that says so; it is told before the message."""
    bob = Party(BOB, ALICE)
    bob.hear(text("1", ALICE_2, token(ALICE, ALICE_2, 5)))
    assert bob.state["peer"] == ALICE_2
    assert bob.names == ["rotated", "basicmessage_message"]
    assert bob.told("rotated") == [{"prior": ALICE, "did": ALICE_2, "since": 5}]


def test_a_rotation_is_told_once() -> None:
    """It stands in every message until it is seen to have arrived."""
    bob = Party(BOB, ALICE)
    for id in "12":
        bob.hear(text(id, ALICE_2, token(ALICE, ALICE_2, 5)))
    assert heard(bob) == ["1", "2"]
    assert len(bob.told("rotated")) == 1
    assert not bob.told("stray")


def test_what_comes_from_the_old_did_is_ignored() -> None:
    """ "The message recipient MUST ignore those messages": its key may be why it was rotated away."""
    bob = Party(BOB, ALICE)
    bob.hear(text("1", ALICE_2, token(ALICE, ALICE_2, 5)))
    assert not bob.hear(text("2", ALICE)).replies
    assert heard(bob) == ["1"]
    assert bob.told("stray")[0]["why"] == "from a DID that was rotated away"


@pytest.mark.parametrize("issued_s", [4, 5])
def test_an_older_rotation_is_refused(issued_s: int) -> None:
    """Of two with one time, the first to come holds."""
    bob = Party(BOB, ALICE)
    bob.hear(text("1", ALICE_2, token(ALICE, ALICE_2, 5)))
    bob.hear(text("2", ALICE_3, token(ALICE_2, ALICE_3, issued_s)))
    assert bob.state["peer"] == ALICE_2
    assert heard(bob) == ["1"]
    assert "a later rotation is known" in [note["why"] for note in bob.told("stray")]


def test_an_old_rotation_cannot_be_played_again() -> None:
    """Whoever got hold of a former key gains nothing by it."""
    bob = Party(BOB, ALICE)
    first = text("1", ALICE_2, token(ALICE, ALICE_2, 5))
    bob.hear(first)
    bob.hear(text("2", ALICE_3, token(ALICE_2, ALICE_3, 6)))
    bob.hear(replace(first, id="3"))
    assert bob.state["peer"] == ALICE_3
    assert heard(bob) == ["1", "2"]


@pytest.mark.parametrize(
    ("prior", "new"),
    [(CAROL, ALICE_2), (BOB, ALICE_2), (ALICE, ALICE), (ALICE, BOB)],
    ids=["of a stranger", "of ourselves", "to where it was", "to ourselves"],
)
def test_a_rotation_that_does_not_concern_the_relationship_is_refused(prior: str, new: str) -> None:
    """Nothing changes by it."""
    bob = Party(BOB, ALICE)
    rotation = rotation_in(text("1", new, token(prior, new, 5)))
    assert rotation is not None
    refused = heed(bob.state, rotation, Facts(new, BOB, NOW_S, bob.new_id))
    assert isinstance(refused, Trouble)
    assert refused.code == "e.p.trust.rotation"


def test_a_did_that_was_left_is_not_returned_to() -> None:
    """Else a stolen key would do to get back in."""
    bob = Party(BOB, ALICE)
    bob.hear(text("1", ALICE_2, token(ALICE, ALICE_2, 5)))
    bob.hear(text("2", ALICE, token(ALICE_2, ALICE, 6)))
    assert bob.state["peer"] == ALICE_2


def test_we_say_that_we_rotated_until_it_is_seen() -> None:
    """A message to the new DID shows that it was."""
    alice, bob = pair()
    said = token(ALICE, ALICE_2, 5)
    alice.kept = Party(ALICE, BOB).kept
    rotated = rotate(alice.state, ALICE_2, {ALICE: said})
    alice.do(replace(trust_ping.ping(alice.state, "1", NOW_S), state=rotated))
    alice.outbox.clear()
    for id in "23":
        (ping,) = alice.do(trust_ping.ping(alice.state, id, NOW_S)).replies
        assert ping.from_ == ALICE_2
        assert ping.from_prior == said
    assert not is_seen(alice.state)
    talk(alice, bob)
    (ping,) = alice.do(trust_ping.ping(alice.state, "4", NOW_S)).replies
    assert ping.from_prior is None
    assert is_seen(alice.state)


def test_mail_to_our_old_did_does_not_show_that_the_new_one_is_known() -> None:
    """It was under way."""
    bob = Party(BOB, ALICE)
    rotated = rotate(bob.state, "did:example:bob2", {BOB: "x"})
    bob.do(replace(trust_ping.ping(bob.state, "1", NOW_S), state=rotated))
    bob.hear(text("1", ALICE))
    assert not is_seen(bob.state)
    assert heard(bob) == ["1"]


def rotated_twice() -> tuple[State, dict[str, str]]:
    """Alice, of whom nobody has heard anything since; and what she says of each of her former names."""
    once = rotate(Party(ALICE, BOB).state, ALICE_2, {ALICE: token(ALICE, ALICE_2, 5)})
    said = {prior: token(prior, ALICE_3, 6) for prior in known_as(once)}
    return rotate(once, ALICE_3, said), said


def test_a_second_rotation_is_told_from_the_did_that_is_known() -> None:
    """In one step, which whoever missed the first can follow."""
    alice, said = rotated_twice()
    assert known_as(alice) == [ALICE, ALICE_2, ALICE_3]
    assert alice["telling"] == said[ALICE]
    bob = Party(BOB, ALICE)
    bob.hear(text("1", ALICE_3, alice["telling"]))
    assert (bob.state["peer"], heard(bob)) == (ALICE_3, ["1"])


def test_it_is_told_from_whatever_may_be_known() -> None:
    """Bob may have followed the first rotation though nobody has heard of it; either way he follows, once."""
    alice, _ = rotated_twice()
    news = [text(f"{n}", ALICE_3, one["telling"]) for n, one in enumerate(all_told(alice))]
    for first in (None, text("first", ALICE_2, token(ALICE, ALICE_2, 5))):
        bob = Party(BOB, ALICE)
        if first is not None:
            bob.hear(first)
        for message in (*news, *(replace(one, id=f"{one.id} again") for one in news)):
            bob.hear(message)
        assert bob.state["peer"] == ALICE_3
        assert [note["did"] for note in bob.told("rotated")].count(ALICE_3) == 1
        assert {"0 again", "1 again"} <= set(heard(bob))


def test_whoever_writes_to_the_second_did_has_followed_that_far() -> None:
    """From then on it is told from there; a message to the newest one ends it."""
    alice, said = rotated_twice()
    assert seen_at(alice, ALICE) is alice
    half = seen_at(alice, ALICE_2)
    assert (half["telling"], known_as(half)) == (said[ALICE_2], [ALICE_2, ALICE_3])
    assert is_seen(seen_at(alice, ALICE_3))
    assert seen_at(half, ALICE_3) == seen_at(alice, ALICE_3) == {**Party(ALICE_3, BOB).state}


def test_not_everything_that_was_never_heard_of_is_told() -> None:
    """Of somebody who rotates again and again, the first DID and the newest ones."""
    state: State = Party(ALICE, BOB).state
    for n in range(3 * MOST_UNSEEN):
        state = rotate(
            state, f"{ALICE}-{n}", {prior: token(prior, f"{ALICE}-{n}", n) for prior in known_as(state)}
        )
    assert len(known_as(state)) == MOST_UNSEEN + 1
    assert known_as(state)[0] == ALICE
    assert known_as(state)[-1] == state["me"]


def test_who_has_ended_it_does_not_rotate() -> None:
    """There is nobody to tell."""
    over = end(Party(ALICE, BOB).state, "bye", "x", NOW_S).state
    with pytest.raises(ValueError, match="while the relationship goes on"):
        rotate(over, ALICE_2, {ALICE: "y"})


def test_a_relationship_ends_by_rotating_to_nothing() -> None:
    """Both sides know, and nothing that comes after is heard."""
    alice, bob = pair()
    last = end(alice.state, "bye", token(ALICE, None, 5), NOW_S)
    alice.do(last)
    assert last.replies[0].from_ is None
    bob.hear_all(alice)
    assert bob.names == ["ended"]
    for id, party, from_ in (("1", bob, ALICE), ("2", alice, BOB)):
        assert not party.hear(replace(text(id, from_), to=None)).replies
        assert party.told("stray")[0]["why"] == "the relationship is over"


def test_the_end_may_be_told_twice() -> None:
    """The second time it is no news."""
    alice, bob = pair()
    (last,) = end(alice.state, "bye", token(ALICE, None, 5), NOW_S).replies
    bob.hear(last)
    after = bob.state
    bob.hear(replace(last, id="bye2"))
    assert bob.state == after
    assert bob.names.count("ended") == 1


def test_nobody_comes_back_from_the_end() -> None:
    """Not even with a later rotation."""
    bob = Party(BOB, ALICE)
    bob.hear(Message("1", trust_ping.PING, from_prior=token(ALICE, None, 5)))
    bob.hear(text("2", ALICE_2, token(ALICE, ALICE_2, 6)))
    assert heard(bob) == []
    assert bob.state["peer"] == ALICE


def test_a_long_and_a_short_name_are_one_did() -> None:
    """The long form of a did:peer:4 carries its document along."""
    short = "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd"
    bob = Party(BOB, f"{short}:z2M1k7h4psgp4CmJcnQn2Ljp7Pz7ktsd7oBhMU3dWY5s4fhFNj")
    bob.hear(text("1", short))
    assert heard(bob) == ["1"]
