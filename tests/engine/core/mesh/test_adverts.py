"""Adverts: who has signed one is found in it; what is not quite right is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.signing.ed25519 import verify
from engine.core.didcomm.base64url import encode
from engine.core.didcomm.limits import LARGEST_NUMBER
from engine.core.mesh.adverts import (
    Advert,
    BadAdvert,
    Room,
    check_newer,
    engine_of,
    is_name,
    next_sequence,
    read_advert,
    read_kept,
    short_name,
    write_advert,
)
from engine.core.multiformats import from_base64url
from engine.core.protocols.engines import LARGEST_ADVERT
from tests.engine.core.mesh.people import NOW_S, Party

ANN, BOB = Party("ann"), Party("bob")

WHOLE = st.integers(0, LARGEST_NUMBER)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
ADVERTS = st.builds(
    Advert,
    st.sampled_from([ANN.did, ANN.at(None), ANN.at("https://elsewhere.example/didcomm")]),
    WHOLE,
    st.just(NOW_S),
    st.integers(NOW_S + 1, NOW_S + 24 * 3600),
    st.from_regex(r"\A[A-Za-z]([A-Za-z0-9 .-]{0,40}[A-Za-z0-9])?\Z"),
    st.lists(TEXTS, max_size=4).map(tuple),
    st.lists(TEXTS, max_size=8).map(tuple),
    WHOLE,
    st.builds(Room, WHOLE, WHOLE),
    TEXTS,
    st.dictionaries(TEXTS, WHOLE, max_size=4),
    TEXTS,
    st.booleans(),
    st.none() | st.integers(0, 100),
)


def refused(jws: str, now_s: int = NOW_S) -> str:
    with pytest.raises(BadAdvert) as problem:
        read_advert(jws, verify, now_s)
    return problem.value.code


def signed(party: Party, header: Any = None, **claims: Any) -> str:
    """Whatever somebody with a key may sign; a claim that is None is left out."""
    plain = json.loads(from_base64url(party.advert().split(".")[1]))
    told = {name: value for name, value in {**plain, **claims}.items() if value is not None}
    head = header or {"typ": "picomesh-advert", "alg": "EdDSA", "kid": f"{told.get('iss')}#key-1"}
    text = f"{encode(json.dumps(head).encode())}.{encode(json.dumps(told).encode())}"
    return f"{text}.{encode(party.sign(text.encode()))}"


@given(ADVERTS)
def test_what_is_signed_is_read(advert: Advert) -> None:
    """All of it, by whoever has nothing but the text."""
    assert read_advert(write_advert(advert, ANN.sign), verify, NOW_S) == advert


@given(st.data())
def test_no_character_can_be_changed(data: st.DataObject) -> None:
    """Whatever it is changed to: the advert is refused, or it is the same bytes that were signed."""
    jws = ANN.advert(features=("ipfs",))
    place = data.draw(st.integers(0, len(jws) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_."))
    changed = jws[:place] + other + jws[place + 1 :]
    if changed != jws:
        assert refused(changed) in ("forged", "malformed")


@given(st.text(max_size=200) | st.binary(max_size=200).map(encode))
def test_nonsense_is_refused(text: str) -> None:
    """With a name for it, whatever it is."""
    assert refused(text) in ("malformed", "too-large")


def test_nobody_signs_for_somebody_else() -> None:
    """Neither with a key of their own, nor by putting their key in front of another's place."""
    assert refused(write_advert(ANN.draft(did=BOB.did), ANN.sign)) == "forged"
    header = {"typ": "picomesh-advert", "alg": "EdDSA", "kid": f"{BOB.did}#key-1"}
    assert refused(signed(BOB, header, iss=ANN.did)) == "forged"
    header = {"typ": "picomesh-advert", "alg": "none", "kid": f"{ANN.did}#key-1"}
    assert refused(signed(ANN, header)) == "malformed"
    header = {"typ": "JWT", "alg": "EdDSA", "kid": f"{ANN.did}#key-1"}
    assert refused(signed(ANN, header)) == "malformed"
    critical = {"typ": "picomesh-advert", "alg": "EdDSA", "kid": f"{ANN.did}#key-1", "crit": ["exp"]}
    assert refused(signed(ANN, critical)) == "malformed"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"iss": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"},
        {"iss": "did:peer:2.Ez6LSbysY2"},
        {"name": ""},
        {"name": "-x"},
        {"name": "a\nb"},
        {"name": "x" * 65},
        {"sequence": -1},
        {"sequence": 1.5},
        {"sequence": True},
        {"sequence": 2**53},
        {"exp": NOW_S},
        {"exp": NOW_S + 25 * 3600},
        {"free": {"picos": 1}},
        {"free": {"picos": -1, "bytes": 0}},
        {"price": "5"},
        {"features": ["x"] * 257},
        {"features": [["x"]]},
        {"formats": {str(n): n for n in range(65)}},
        {"formats": {"record": {"x": 1}}},
        {"spreads": "yes"},
        {"load": 101},
    ],
)
def test_what_an_advert_cannot_say(claims: dict[str, Any]) -> None:
    """Though it is well signed."""
    assert refused(signed(ANN, **claims)) == "malformed"


def test_a_member_that_nobody_knows_is_let_pass() -> None:
    """A newer version may say more."""
    assert read_advert(signed(ANN, colour="green"), verify, NOW_S).name == "ann"


def test_what_is_huge_is_not_even_read() -> None:
    """Nor what is nested."""
    assert refused("x" * (LARGEST_ADVERT + 1)) == "too-large"
    assert refused(ANN.advert(features=("x" * 60,) * 256)) == "too-large"
    deep = encode(b'{"a":' * 50 + b"1" + b"}" * 50)
    assert refused(f"{deep}.{deep}.{deep}") == "malformed"


def test_clocks_that_are_wrong() -> None:
    """A few minutes are nothing; more is said, in words that name the clock."""
    jws = ANN.advert()
    assert read_advert(jws, verify, NOW_S - 300).sequence == 1
    assert refused(jws, NOW_S - 301) == "early"
    assert refused(jws, NOW_S + 900) == "expired"
    assert read_kept(jws, verify).sequence == 1
    with pytest.raises(BadAdvert, match="a clock is wrong"):
        read_advert(jws, verify, 0)


def test_the_newest_counts() -> None:
    """One of the same number as that which is known says nothing new."""
    known = ANN.draft(sequence=5)
    check_newer(None, known)
    check_newer(known, replace(known, sequence=6))
    for older in (4, 5):
        with pytest.raises(BadAdvert, match="not newer") as problem:
            check_newer(known, replace(known, sequence=older))
        assert problem.value.code == "older"


@given(WHOLE, WHOLE)
def test_numbers_go_up(last: int, now_s: int) -> None:
    """Also when the clock goes back, and beyond those of a life that was lost, if the clock did not."""
    following = next_sequence(last, now_s)
    assert following > last or last == following == LARGEST_NUMBER
    assert following >= now_s


def test_an_engine_is_its_keys() -> None:
    """Wherever it is, and nobody else."""
    assert engine_of(ANN.did) == engine_of(ANN.at(None)) == engine_of(ANN.at("https://b.example"))
    assert engine_of(ANN.did) != engine_of(BOB.did)
    assert short_name(ANN.engine) in ANN.did
    assert engine_of("did:web:a.example") is None
    assert engine_of("did:peer:2.Vz6Mk.Ez6LS") is None


@pytest.mark.parametrize("name", ["attic", "Bob's"[:3], "Zürich 2", "a.b-c_d", "x"])
def test_names_are_for_people(name: str) -> None:
    """In any script."""
    assert is_name(name)


@pytest.mark.parametrize("name", ["", " a", "a ", "-a", "a:b", "a/b", "a\tb", "a\u202eb", "[red]", "x" * 65])
def test_names_do_no_harm(name: str) -> None:
    """To a line of a table or of a shell."""
    assert not is_name(name)
