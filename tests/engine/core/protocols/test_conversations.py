"""Both roles of every protocol over a wire that loses, doubles and reorders: they end in agreement."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Literal

import pytest

from engine.core.didcomm.messages import Message
from engine.core.protocols import (
    Facts,
    Feature,
    Held,
    Note,
    Reaction,
    Summary,
    Trouble,
    basicmessage,
    discover_features,
    mediated,
    mediating,
    messagepickup,
    out_of_band,
    picomesh,
    routing,
    trust_ping,
)
from engine.core.protocols.acks import please
from engine.core.protocols.mediation import V2, V3, Dialect
from engine.core.protocols.picomesh import EVENT
from engine.core.protocols.protocol import Words, say
from engine.core.protocols.relationships import all_told, known_as, rotate
from engine.core.protocols.remembering import Records
from engine.core.protocols.threads import ask, how_closed
from tests.campaign import examples
from tests.engine.core.protocols.parties import ALICE, BOB, CAROL, NOW_S, Party, Wire, pair, token

SEEDS = range(examples(25))
ENVELOPE = b'{"ciphertext":"x"}'


def converse(alice: Party, bob: Party, seed: int, moves: Sequence[Callable[[], Reaction]]) -> None:
    Wire(alice, bob, random.Random(seed)).run(list(moves))
    assert not alice.unsettled()
    assert not bob.unsettled()


@pytest.mark.parametrize("seed", SEEDS)
def test_pings_are_heard_once_and_answered(seed: int) -> None:
    """Every one of them, however often it and its answer had to be sent."""
    alice, bob = pair()
    ids = [f"ping-{number}" for number in range(6)]
    moves = [partial(lambda id: alice.do(trust_ping.ping(alice.state, id, NOW_S)), id) for id in ids]
    converse(alice, bob, seed, moves)
    assert sorted(note["id"] for note in bob.told("trust_ping_ping")) == ids
    assert sorted(note["thid"] for note in alice.told("trust_ping_ping_response")) == ids


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_disclosed_is_what_there_is(seed: int) -> None:
    """Both ask each other at the same time."""
    features = (Feature("protocol", trust_ping.PIURI, ("sender",)), Feature("goal-code", "org.example.x"))
    alice, bob = Party(ALICE, BOB, features=features[:1]), Party(BOB, ALICE, features=features)
    queries = [("protocol", "*"), ("goal-code", "org.*"), ("weather", "*")]
    converse(
        alice,
        bob,
        seed,
        [
            lambda: alice.do(discover_features.query(alice.state, "q-a", queries, NOW_S)),
            lambda: bob.do(discover_features.query(bob.state, "q-b", queries, NOW_S)),
        ],
    )
    (to_alice,), (to_bob,) = (party.told("discover_features_disclose") for party in (alice, bob))
    assert len(to_alice["body"]["disclosures"]) == 2
    assert len(to_bob["body"]["disclosures"]) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_texts_arrive_once_if_they_are_to_be_acknowledged(seed: int) -> None:
    """In both directions; the acknowledgements are not acknowledged."""
    alice, bob = pair()

    def tell(party: Party, number: int) -> Reaction:
        told = basicmessage.tell(party.state, f"{party.state['me'][-1]}-{number}", f"{number}", NOW_S)
        state, message = please(told.state, told.replies[0])
        return party.do(Reaction(state, (message,)))

    converse(alice, bob, seed, [partial(tell, party, n) for n in range(5) for party in (alice, bob)])
    for party in (alice, bob):
        assert sorted(note["body"]["content"] for note in party.told("basicmessage_message")) == list("01234")
        assert not party.state["unacknowledged"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bad_question_ends_refused_on_both_sides(seed: int) -> None:
    """By a report in which the one who asked finds its thread."""
    alice, bob = pair()

    def ask_badly(number: int) -> Reaction:
        message = say(alice.state, Words(EVENT, {"domain": number}), f"bad-{number}", NOW_S)
        return alice.do(Reaction(ask(alice.state, message), (message,)))

    converse(alice, bob, seed, [partial(ask_badly, number) for number in range(4)])
    assert {how_closed(alice.state, f"bad-{number}") for number in range(4)} == {"refused"}
    assert len(alice.told("report_problem_problem_report")) == len(bob.told("refused")) == 4
    assert not bob.told("picomesh_event")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_invitation_is_accepted_once(seed: int) -> None:
    """However often its acceptance arrives, one is who accepted it."""
    alice, bob = pair()
    invitation = out_of_band.invite("invitation-1", BOB, {"goal": "talk"})
    kept = Invitations(out_of_band.offer({}, invitation, once=True))
    bob.door = kept.see
    assert out_of_band.from_url(out_of_band.to_url(invitation, "https://bob.example/i")) == invitation

    def accept() -> Reaction:
        message = say(alice.state, Words(trust_ping.PING, pthid="invitation-1"), "hello", NOW_S)
        return alice.do(Reaction(ask(alice.state, message), (message,)))

    converse(alice, bob, seed, [accept])
    assert {note.attrs["invitation"] for note in kept.accepted} == {"invitation-1"}
    assert kept.offered["invitation-1"]["by"] == ALICE
    assert len(alice.told("trust_ping_ping_response")) == 1


class Invitations:
    """What somebody who invites keeps of it."""

    def __init__(self, offered: Records) -> None:
        self.offered = offered
        self.accepted: list[Note] = []

    def see(self, message: Message, facts: Facts) -> None:
        if message.pthid is not None:
            taken = out_of_band.accept(self.offered, message, facts)
            assert not isinstance(taken, Trouble)
            self.offered, note = taken
            self.accepted.append(note)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_to_be_forwarded_is_forwarded_at_most_once(seed: int) -> None:
    """And as it was: nobody is asked to send it again, so some of it is lost."""
    alice, bob = pair()

    def send(number: int) -> Reaction:
        envelope = b'{"ciphertext":"%d"}' % number
        message = routing.forward(f"f-{number}", envelope, CAROL, BOB)
        return alice.do(Reaction(alice.state, (replace(message, from_=ALICE),)))

    converse(alice, bob, seed, [partial(send, number) for number in range(12)])
    carried = {note["id"]: note["envelopes"] for note in bob.told("routing_forward")}
    assert 0 < len(carried) == len(bob.told("routing_forward"))
    assert carried == {id: [f'{{"ciphertext":"{id[2:]}"}}'] for id in carried}


@pytest.mark.parametrize("dialect", [V2, V3], ids=["2.0", "3.0"])
@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_agree_for_whom_mail_is_taken_in(seed: int, dialect: Dialect) -> None:
    """After updates that contradict each other, however they travelled; the list, in pages, says the same."""
    alice, bob = pair(routing_dids=("did:example:route",))
    chance = random.Random(seed)

    def update(number: int) -> Reaction:
        dids = [f"did:example:a{chance.randrange(5)}" for _ in range(3)]
        actions: tuple[Literal["add", "remove"], ...] = ("add", "add", "remove")
        updates = [(did, chance.choice(actions)) for did in dids]
        return alice.do(mediated.update(alice.state, f"u-{number}", updates, NOW_S, dialect))

    converse(alice, bob, seed, [lambda: alice.do(mediated.request(alice.state, "r", NOW_S, dialect=dialect))])
    converse(alice, bob, seed, [partial(update, number) for number in range(8)])
    agreed = mediated.mediated_dids(alice.state)
    assert mediated.routes(alice.state) == ("did:example:route",)
    assert agreed == mediating.serves(bob.state)
    converse(
        alice,
        bob,
        seed,
        [lambda: alice.do(mediated.query(alice.state, "q", NOW_S, limit=2, dialect=dialect))],
    )
    assert mediated.mediated_dids(alice.state) == agreed


class Queue:
    """A mediator's queue for one recipient, cleared by what its tables tell."""

    def __init__(self, *held: Held) -> None:
        self.held = {one.id: one for one in held}

    def summary(self, recipient: str | None, but: Collection[str] = ()) -> Summary:
        left = [one for one in self.held.values() if one.id not in but]
        times = [one.received_s for one in left]
        total = sum(len(one.envelope) for one in left)
        return Summary(len(left), total, min(times, default=None), max(times, default=None))

    def oldest(self, limit: int, recipient: str | None) -> Sequence[Held]:
        return sorted(self.held.values(), key=lambda one: (one.received_s, one.id))[:limit]

    def act(self, note: Note) -> None:
        if note.name == "messagepickup_messages_received":
            for id in note.attrs["ids"]:
                self.held.pop(id, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_mail_that_waits_is_picked_up_once(seed: int) -> None:
    """All of it is told once, and nothing of it is left in the queue."""
    queue = Queue(*(Held(f"h-{number}", ENVELOPE, NOW_S - number) for number in range(20)))
    alice, bob = pair(waiting=queue)
    bob.act = queue.act
    asked = iter(range(1000))

    def fetch() -> Reaction:
        return alice.do(messagepickup.request_delivery(alice.state, f"d-{next(asked)}", NOW_S, limit=3))

    while queue.held:
        converse(alice, bob, seed + next(asked), [fetch, fetch])
    picked = [one["id"] for note in alice.told("messagepickup_delivery") for one in note["messages"]]
    assert sorted(picked) == sorted(f"h-{number}" for number in range(20))


@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_agree_whether_mail_is_sent_as_it_comes(seed: int) -> None:
    """The last wish is what holds, whatever overtook what."""
    alice, bob = pair(can_go_live=True)
    wishes = [random.Random(seed + number).random() < 0.5 for number in range(6)]

    def wish(number: int) -> Reaction:
        return alice.do(messagepickup.go_live(alice.state, f"l-{number}", NOW_S, wishes[number]))

    converse(alice, bob, seed, [partial(wish, number) for number in range(6)])
    held = Held("new", ENVELOPE, NOW_S)
    assert messagepickup.is_live(alice.state) == wishes[-1]
    assert bool(messagepickup.deliver_live(bob.state, "x", held, NOW_S).replies) == wishes[-1]


class Engine:
    """Runs events and answers queries, and counts how often."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.runs: list[str] = []

    def act(self, note: Note) -> None:
        party, id = self.party, note.attrs["id"]
        if note.name == "picomesh_event":
            self.runs.append(id)
            party.do(picomesh.accepted(party.state, id, f"eid-{id}", NOW_S, party.new_id))
            directives = [{"name": "hi", "options": {}}]
            party.do(picomesh.finished(party.state, id, f"eid-{id}", directives, NOW_S, party.new_id))
        if note.name == "picomesh_query":
            party.do(picomesh.answered(party.state, id, note.attrs["body"]["args"], NOW_S, party.new_id))


@pytest.mark.parametrize("seed", SEEDS)
def test_events_are_run_once_and_queries_answered(seed: int) -> None:
    """Who waits gets the directives, who does not an acceptance."""
    alice, bob = pair()
    engine = Engine(bob)
    bob.act = engine.act

    def event(number: int, wait: bool) -> Reaction:
        event = {"domain": "d", "type": "t", "attributes": {"n": number}}
        return alice.do(picomesh.send_event(alice.state, f"e-{number}", event, NOW_S, wait))

    def query(number: int) -> Reaction:
        query = {"rid": "r", "function": "f", "args": {"n": number}}
        return alice.do(picomesh.send_query(alice.state, f"q-{number}", query, NOW_S))

    moves = [partial(event, number, number % 2 == 0) for number in range(6)]
    converse(alice, bob, seed, [*moves, *(partial(query, number) for number in range(3))])
    assert sorted(engine.runs) == [f"e-{number}" for number in range(6)]
    assert sorted(one["thid"] for one in alice.told("picomesh_event_outcome")) == ["e-0", "e-2", "e-4"]
    assert {"e-1", "e-3", "e-5"} <= {one["thid"] for one in alice.told("picomesh_event_accepted")}
    answers = alice.told("picomesh_query_answer")
    assert sorted(one["body"]["value"]["n"] for one in answers) == [0, 1, 2]
    assert not picomesh.serving(bob.state)


@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_rotate_and_find_each_other(seed: int) -> None:
    """Also at the same time, while messages are under way."""
    alice, bob = pair()
    name_of = {alice: "a", bob: "b"}

    def rotate_to(party: Party, number: int) -> Reaction:
        party.now_s += 1
        new = f"{party.state['me'].split('-')[0]}-{number}"
        told = {prior: token(prior, new, party.now_s) for prior in known_as(party.state)}
        after = rotate(party.state, new, told)
        news = [
            trust_ping.ping(one, f"{name_of[party]}-{number}-{n}", NOW_S).replies
            for n, one in enumerate(all_told(after))
        ]
        return party.do(Reaction(after, tuple(chain.from_iterable(news))))

    def ping(party: Party, number: int) -> Reaction:
        return party.do(trust_ping.ping(party.state, f"{name_of[party]}-{number}", NOW_S))

    moves = [
        partial(move, party, number)
        for number in range(4)
        for party in (alice, bob)
        for move in (rotate_to, ping)
    ]
    converse(alice, bob, seed, moves)
    converse(alice, bob, seed, [partial(ping, alice, 8), partial(ping, bob, 9)])
    assert alice.state["peer"] == bob.state["me"] != BOB
    assert bob.state["peer"] == alice.state["me"] != ALICE
    for party in (alice, bob):
        assert len(party.told("trust_ping_ping_response")) == 5
