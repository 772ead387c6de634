"""Mediation and forwarding: what is granted and to whom, and how lists come in pages."""

from __future__ import annotations

import json

import pytest

from engine.core.protocols import mediated, mediating, routing
from engine.core.protocols.mediation import DIDS_SIZE, MOST_DIDS, V2, V3, Dialect
from engine.core.protocols.threads import give_up, how_closed
from tests.engine.core.protocols.parties import ALICE, BOB, CAROL, NOW_S, Party, message_of, pair, talk

ROUTES = ("did:example:r1", "did:example:r2")
BOTH = pytest.mark.parametrize("dialect", [V2, V3], ids=["2.0", "3.0"])


def granted(dialect: Dialect = V3, **facts: object) -> tuple[Party, Party]:
    alice, bob = pair(routing_dids=ROUTES, **facts)
    alice.do(mediated.request(alice.state, "r", NOW_S, dialect=dialect))
    talk(alice, bob)
    return alice, bob


@pytest.mark.parametrize(("dialect", "routes"), [(V2, ROUTES[:1]), (V3, ROUTES)], ids=["2.0", "3.0"])
def test_a_grant_says_where_mail_is_to_be_sent(dialect: Dialect, routes: tuple[str, ...]) -> None:
    """To one place in version 2.0, to any of several in 3.0."""
    alice, _ = granted(dialect)
    assert mediated.routes(alice.state) == routes
    assert alice.told("coordinate_mediation_mediate_grant")[0]["routing_dids"] == list(routes)


@BOTH
def test_who_gets_no_route_is_denied(dialect: Dialect) -> None:
    """And loses what was granted before."""
    alice, bob = granted(dialect)
    alice.do(mediated.update(alice.state, "u", [(CAROL, "add")], NOW_S, dialect))
    talk(alice, bob)
    assert mediating.serves(bob.state) == mediated.mediated_dids(alice.state) == (CAROL,)
    bob.facts["routing_dids"] = ()
    alice.do(mediated.request(alice.state, "r2", NOW_S, dialect=dialect))
    talk(alice, bob)
    assert mediating.serves(bob.state) == mediated.mediated_dids(alice.state) == ()
    assert mediated.routes(alice.state) == ()


@pytest.mark.parametrize("kind", ["recipient-update", "recipient-query"])
def test_without_a_grant_there_is_no_list(kind: str) -> None:
    """The report says what to do first."""
    bob = Party(BOB, ALICE, routing_dids=ROUTES)
    body: dict[str, list[str]] = {"updates": []} if kind.endswith("update") else {}
    (report,) = bob.hear(message_of(V3.type(kind), body)).replies
    assert report.body["code"] == "e.p.req.mediation-not-granted"


def test_an_update_that_is_refused_does_not_hold_up_the_next() -> None:
    """The thread ends with the report."""
    alice, bob = pair(routing_dids=ROUTES)
    alice.do(mediated.update(alice.state, "u", [(CAROL, "add")], NOW_S))
    talk(alice, bob)
    assert how_closed(alice.state, "u") == "refused"
    alice.do(mediated.request(alice.state, "r", NOW_S))
    alice.do(mediated.update(alice.state, "u2", [(CAROL, "add")], NOW_S))
    talk(alice, bob)
    assert mediated.mediated_dids(alice.state) == (CAROL,)


def test_an_update_that_is_not_answered_holds_up_the_next_for_a_while() -> None:
    """Then it is known to be lost."""
    alice, _ = granted()
    alice.do(mediated.update(alice.state, "u", [(CAROL, "add")], NOW_S))
    assert not alice.do(mediated.update(alice.state, "u2", [(ALICE, "add")], NOW_S)).replies
    later = NOW_S + mediated.ANSWERED_IN_S
    alice.do(give_up(alice.state, later))
    (sent,) = alice.do(mediated.update(alice.state, "u3", [], later)).replies
    assert sent.body["updates"] == [{"recipient_did": ALICE, "action": "add"}]


def test_many_updates_go_in_several_messages() -> None:
    """No more in one than any mediator takes; none is left out."""
    alice, bob = granted()
    dids = [f"did:example:{number}" for number in range(MOST_DIDS + 1)]
    updates: list[mediated.Update] = [(did, "add") for did in dids] + [(dids[0], "remove")]
    alice.do(mediated.update(alice.state, "u", updates, NOW_S))
    talk(alice, bob)
    asked = bob.told("coordinate_mediation_recipient_update")
    assert [len(one["body"]["updates"]) for one in asked] == [MOST_DIDS, 2]
    assert mediated.mediated_dids(alice.state) == mediating.serves(bob.state) == tuple(sorted(dids[1:-1]))


def test_results_are_of_each_update_in_order() -> None:
    """Of one that contradicts the one before it, too."""
    alice, bob = granted(taken=frozenset({"did:example:taken"}))
    updates = [
        (CAROL, "add"),
        (CAROL, "add"),
        (CAROL, "remove"),
        (ALICE, "remove"),
        ("did:example:taken", "add"),
    ]
    alice.do(mediated.update(alice.state, "u", updates, NOW_S))  # type: ignore[arg-type]
    talk(alice, bob)
    (told,) = alice.told("coordinate_mediation_recipient_update_response")
    results = [one["result"] for one in told["body"]["updated"]]
    assert results == ["success", "no_change", "success", "no_change", "client_error"]
    assert mediating.serves(bob.state) == ()


def test_a_correspondent_has_no_more_than_so_many_dids() -> None:
    """The rest are errors of his."""
    _, bob = granted()
    for start in (0, MOST_DIDS):
        updates = [{"recipient_did": f"did:example:{start + n}", "action": "add"} for n in range(MOST_DIDS)]
        (answer,) = bob.hear(message_of(V3.type(V3.update), {"updates": updates}, id=f"u-{start}")).replies
        results = {one["result"] for one in answer.body["updated"]}
        assert results == ({"client_error"} if start else {"success"})
    assert len(mediating.serves(bob.state)) == MOST_DIDS


def test_long_dids_take_more_room() -> None:
    """Some have a whole document in them."""
    _, bob = granted()
    updates = [{"recipient_did": f"did:example:{n}" + "x" * 8000, "action": "add"} for n in range(40)]
    (answer,) = bob.hear(message_of(V3.type(V3.update), {"updates": updates}, id="u")).replies
    results = [one["result"] for one in answer.body["updated"]]
    assert results == ["success"] * (DIDS_SIZE // 8015) + ["client_error"] * (40 - DIDS_SIZE // 8015)


def test_a_mediator_has_done_only_what_it_was_asked() -> None:
    """What else it says it did is not believed."""
    alice, _ = granted()
    alice.do(mediated.update(alice.state, "u", [(CAROL, "add"), (ALICE, "add")], NOW_S))
    said = [(CAROL, "success"), (ALICE, "server_error"), ("did:example:more", "success")]
    updated = [{"recipient_did": did, "action": "add", "result": result} for did, result in said]
    body = {"updated": updated}
    alice.hear(message_of(V3.type(V3.updated), body, from_=BOB, to=(ALICE,), thid="u"))
    assert mediated.mediated_dids(alice.state) == (CAROL,)


@BOTH
@pytest.mark.parametrize(
    ("limit", "offset", "page", "remaining"),
    [
        (2, 0, [0, 1], 3),
        (2, 4, [4], 0),
        (5, 0, [0, 1, 2, 3, 4], 0),
        (2, 9, [], 0),
        (10**9, 1, [1, 2, 3, 4], 0),
    ],
)
def test_a_list_comes_in_pages(
    dialect: Dialect, limit: int, offset: int, page: list[int], remaining: int
) -> None:
    """Each says how many are to come."""
    alice, bob = granted(dialect)
    dids = [f"did:example:{number}" for number in range(5)]
    alice.do(mediated.update(alice.state, "u", [(did, "add") for did in dids], NOW_S, dialect))
    talk(alice, bob)
    body = {"paginate": {"limit": limit, "offset": offset}}
    (answer,) = bob.hear(message_of(dialect.type(dialect.query), body)).replies
    assert [one["recipient_did"] for one in answer.body[dialect.dids]] == [dids[number] for number in page]
    assert answer.body["pagination"] == {"count": len(page), "offset": offset, "remaining": remaining}


def test_a_list_of_before_an_update_is_not_what_is_there_now() -> None:
    """It was under way while the update was made and answered."""
    alice, bob = granted()
    alice.do(mediated.query(alice.state, "q", NOW_S))
    bob.hear_all(alice)
    late, bob.outbox = bob.outbox, []
    alice.do(mediated.update(alice.state, "u", [(CAROL, "add")], NOW_S))
    talk(alice, bob)
    alice.hear(late[0])
    assert mediated.mediated_dids(alice.state) == mediating.serves(bob.state) == (CAROL,)


def test_a_mediator_that_never_comes_to_an_end_is_not_asked_for_ever() -> None:
    """Nor one that says there is more and sends nothing."""
    alice = Party(ALICE, BOB)
    alice.do(mediated.query(alice.state, "q", NOW_S))
    asked = 0
    while alice.outbox and asked < 100:
        question, asked = alice.outbox.pop(), asked + 1
        page = [{"recipient_did": f"did:example:{asked}-{number}"} for number in range(100)]
        body = {"dids": page, "pagination": {"count": 100, "offset": 0, "remaining": 9}}
        alice.hear(
            message_of(V3.type(V3.listed), body, id=f"a-{asked}", from_=BOB, to=(ALICE,), thid=question.id)
        )
    assert asked == MOST_DIDS // 100 + 1
    alice.do(mediated.query(alice.state, "q2", NOW_S))
    body = {"dids": [], "pagination": {"count": 0, "offset": 0, "remaining": 9}}
    empty = message_of(V3.type(V3.listed), body, id="e", from_=BOB, to=(ALICE,), thid="q2")
    assert not alice.hear(empty).replies


def test_what_is_forwarded_comes_out_as_it_went_in() -> None:
    """Several hops: the message for the first has in it what is meant for the second."""
    envelope = b'{"ciphertext":"x","protected":"e30"}'
    message = routing.forward("f", envelope, "did:example:next#key-1", BOB, NOW_S + 9)
    bob = Party(BOB, None)
    bob.hear(message)
    (told,) = bob.told("routing_forward")
    assert (told["next"], told["expires_time"]) == ("did:example:next#key-1", NOW_S + 9)
    assert [json.loads(one) for one in told["envelopes"]] == [json.loads(envelope)]
    assert message.from_ is None


def test_what_expired_on_its_way_is_not_forwarded() -> None:
    """And nobody is told."""
    bob = Party(BOB, None)
    assert not bob.hear(routing.forward("f", b'{"ciphertext":"x"}', ALICE, BOB, NOW_S)).replies
    assert bob.names == ["refused"]
