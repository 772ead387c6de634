"""Whose picos are taken in: each refusal says why, in words that help whoever is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.acceptance import (
    WHO,
    BadPolicy,
    Brought,
    Guests,
    Newcomer,
    Policy,
    Standing,
    changed,
    pack,
    refusal,
    room,
    unpack,
    why_not,
)
from engine.core.protocols.migration import BODIES
from tests.engine.core.mesh.people import Party

ANN, BOB = Party("ann"), Party("bob")
AUTHOR = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
COUNTER = Brought("io.example.counter", CID, (AUTHOR,))
OPEN = Policy("anyone")
PICO = Newcomer("did:scid:vh:1:x", ANN.did, "stranger", 1000, ("did:example:owner",), (COUNTER,))
EMPTY = Guests()


def code(policy: Policy, newcomer: Newcomer = PICO, guests: Guests = EMPTY) -> str | None:
    refused = refusal(policy, newcomer, guests)
    return None if refused is None else refused.code


def test_at_first_nobody_may_come() -> None:
    """And is told what the owner here could do."""
    assert why_not(Policy(), PICO, EMPTY) == (
        "this engine takes in no picos from elsewhere. Its owner can allow it with `picomesh engines accept`"
    )
    every: tuple[Standing, ...] = ("heard", "known", "trusted")
    assert all(code(Policy(), replace(PICO, standing=one)) for one in every)


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("nobody", set()),
        ("trusted", {"trusted"}),
        ("known", {"trusted", "known"}),
        ("anyone", {"trusted", "known", "heard", "stranger"}),
    ],
)
def test_trust_opens_the_door(who: Any, may: set[str]) -> None:
    """So far as the policy says; to the blocked never."""
    every: tuple[Standing, ...] = ("stranger", "heard", "known", "trusted", "blocked")
    assert {one for one in every if code(Policy(who), replace(PICO, standing=one)) is None} == may


def test_who_is_named_may_come() -> None:
    """An engine wherever it is, the owner, or the pico; but from a blocked engine nobody."""
    for did in (ANN.at("https://elsewhere.example"), "did:example:owner", "did:scid:vh:1:x"):
        assert code(Policy(dids=(did,))) is None
        assert code(Policy(dids=(did,)), replace(PICO, standing="blocked")) == "not-trusted"
    assert code(Policy(dids=(BOB.did, "did:example:other"))) == "not-trusted"


@pytest.mark.parametrize("which", ["io.example.counter", CID, AUTHOR])
def test_rulesets_are_named_by_rid_content_or_author(which: str) -> None:
    """All have to be, but for those that come with the engine."""
    policy = replace(OPEN, rulesets=(which,))
    other, ours = Brought("io.other", "bafkreix"), Brought("io.picomesh.wrangler", "bafkreiw", is_ours=True)
    assert code(policy) is None
    assert code(policy, replace(PICO, rulesets=(COUNTER, ours))) is None
    assert code(policy, replace(PICO, rulesets=(COUNTER, other))) == "ruleset"
    assert code(OPEN, replace(PICO, rulesets=(other,))) is None


def test_a_ruleset_that_is_refused_is_named() -> None:
    """With its CID and who signed it, and what would be taken."""
    said = why_not(replace(OPEN, rulesets=("io.other",)), PICO, EMPTY) or ""
    assert all(part in said for part in ("io.example.counter", CID, AUTHOR, "io.other"))


def test_size_price_and_room() -> None:
    """Each up to what the policy says, and no further."""
    assert [code(replace(OPEN, most_bytes=n)) for n in (1000, 999)] == [None, "too-large"]
    assert [code(replace(OPEN, price=n)) for n in (0, 1)] == [None, "price"]
    assert code(replace(OPEN, price=7), replace(PICO, price=7)) is None
    assert [code(OPEN, PICO, Guests(n)) for n in (99, 100)] == [None, "too-many"]
    total = OPEN.total_bytes
    assert [code(OPEN, PICO, Guests(1, total - n)) for n in (1000, 999)] == [None, "no-room"]


POLICIES = st.builds(
    Policy,
    st.sampled_from(WHO),
    st.lists(st.sampled_from([ANN.did, BOB.did, "did:example:owner"]), unique=True).map(tuple),
    *(st.integers(0, 2000) for _ in range(3)),
    st.lists(st.sampled_from(["io.example.counter", CID, AUTHOR, "io.x"]), unique=True).map(tuple),
    st.integers(0, 3),
)
GUESTS = st.builds(Guests, st.integers(0, 3000), st.integers(0, 3000))
STANDINGS = st.sampled_from(["stranger", "heard", "known", "trusted", "blocked"])


@given(POLICIES, STANDINGS, st.integers(0, 3000), GUESTS)
def test_what_is_taken_in_keeps_to_the_policy(
    policy: Policy, standing: Any, bytes: int, guests: Guests
) -> None:
    """And what is refused has a code that the protocol of moves knows, and a sentence."""
    newcomer = replace(PICO, standing=standing, bytes=bytes)
    refused = refusal(policy, newcomer, guests)
    if refused is None:
        assert standing != "blocked"
        assert bytes <= policy.most_bytes
        assert policy.price == 0
        left = room(policy, guests)
        assert left.picos >= 1
        assert left.bytes >= bytes
    else:
        assert refused.code in ("not-trusted", "ruleset", "too-large", "price", "too-many", "no-room")
        assert refused.comment
        assert why_not(policy, newcomer, guests) == refused.comment


def test_a_comment_fits_into_a_refusal() -> None:
    """Of the protocol of moves, however much is named in the policy."""
    policy = replace(OPEN, rulesets=tuple(f"rid{'x' * 250}{n}" for n in range(100)))
    newcomer = replace(PICO, rulesets=(replace(COUNTER, authors=(AUTHOR,) * 16),))
    said = why_not(policy, newcomer, EMPTY) or ""
    assert BODIES["refuse"]["reason"].check({"code": "ruleset", "comment": said}, "reason") is None


@given(POLICIES)
def test_what_is_stored_is_read(policy: Policy) -> None:
    """As JSON."""
    assert unpack(json.loads(json.dumps(pack(policy)))) == policy


def test_what_is_not_changed_stays() -> None:
    """Lists are taken as a whole."""
    policy = changed(Policy(), {"who": "known", "most_picos": 5.0, "dids": [ANN.did, ANN.did]})
    assert policy == Policy("known", (ANN.did,), 5)
    assert changed(policy, {"dids": []}) == Policy("known", (), 5)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"who": "all"}, "who is one of nobody, trusted, known, anyone"),
        ({"whom": "all"}, "says nothing of whom; it has who, dids"),
        ({"dids": ["ann"]}, "'ann' is not a DID"),
        ({"dids": "did:example:a"}, "dids is a list of texts"),
        ({"most_picos": -1}, "most_picos is a whole number"),
        ({"most_picos": True}, "most_picos is a whole number"),
        ({"most_bytes": 1.5}, "most_bytes is a whole number"),
        ({"rulesets": ["did:key:z6"]}, "is not an Ed25519 key"),
        ({"rulesets": ["bafkreix"]}, "bafkreix"),
        ({"rulesets": ["a b"]}, "'a b' is no rid"),
        ({"price": 2**53}, "price is a whole number"),
    ],
)
def test_a_policy_that_makes_no_sense_says_so(wish: dict[str, Any], said: str) -> None:
    """And nothing is changed."""
    with pytest.raises(BadPolicy, match=said):
        changed(Policy(), wish)


def test_what_another_version_wrote_is_not_guessed_at() -> None:
    """Whoever could not be refused by it would be let in."""
    with pytest.raises(BadPolicy, match="another version"):
        unpack({"format": 2})
