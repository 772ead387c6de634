"""Revocation: a credential with a place in a status list is good only with a list that can be relied on."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.credentials import Didkit, Form, Verified, Verifier
from engine.adapters.credentials import issue as issue_text
from engine.adapters.credentials.own_proofs import write_token
from engine.adapters.credentials.refusals import NotRelied
from engine.adapters.credentials.status_lists import MOST_BYTES, PLACES, is_set, pack_bits
from engine.adapters.credentials.tokens import to_claims
from engine.core.multiformats import to_multibase
from tests.engine.adapters.credentials.people import (
    FORMS,
    ISSUER,
    LIST,
    NOW_S,
    STRANGER,
    code,
    credential,
    listed,
    status_list,
)


def judge(didkit: Didkit, *lists: str, form: Form = "jwt", index: int = 7) -> str:
    """With whatever is at hand as the list that the credential names."""
    text = issue_text(credential(**listed(index)), ISSUER, form, didkit)
    at_hand = dict(zip([LIST], lists, strict=False))
    return code(Verifier(didkit, status_lists=at_hand.get).verify(text, NOW_S))


@pytest.mark.parametrize("form", FORMS)
def test_a_revoked_credential_is_refused_and_its_neighbours_are_good(didkit: Didkit, form: Form) -> None:
    """The first place, the last, and those that share a byte."""
    revoked = status_list(didkit, 0, 7, PLACES - 1)
    codes = {place: judge(didkit, revoked, form=form, index=place) for place in (0, 1, 6, 7, 8, PLACES - 1)}
    assert {place for place, one in codes.items() if one == "revoked"} == {0, 7, PLACES - 1}
    assert {place for place, one in codes.items() if one == "good"} == {1, 6, 8}


def test_what_is_verified_says_that_its_status_was_looked_at(didkit: Didkit) -> None:
    """As opposed to one of an issuer who keeps no list."""
    text = issue_text(credential(**listed()), ISSUER, "jwt", didkit)
    found = Verifier(didkit, status_lists=lambda name: status_list(didkit)).verify(text, NOW_S)
    assert isinstance(found, Verified)
    assert found.status == "good"


def test_without_the_list_it_is_refused(didkit: Didkit) -> None:
    """Not knowing is not good enough."""
    assert judge(didkit) == "status-unknown"


LISTS: dict[str, dict[str, Any]] = {
    "by somebody else": {"signer": STRANGER},
    "an old one": {"valid_until_s": NOW_S},
    "one of tomorrow": {"valid_from_s": NOW_S + 1},
    "another list": {"name": "urn:uuid:other"},
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_not_to_be_relied_on_decides_nothing(didkit: Didkit, name: str) -> None:
    """Each is whole and well signed, and says that nothing is revoked."""
    assert judge(didkit, status_list(didkit, **LISTS[name])) == "status-unknown"


def test_a_list_that_never_ends_decides_nothing(didkit: Didkit) -> None:
    """It could be as old as it likes."""
    claims = {"type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": pack_bits([])}
    endless = credential(id=LIST, types=("BitstringStatusListCredential",), claims=claims, valid_until_s=None)
    assert judge(didkit, issue_text(endless, ISSUER, "jwt", didkit)) == "status-unknown"


@pytest.mark.parametrize("what", ["nonsense", "a credential"])
def test_what_is_no_list_decides_nothing(didkit: Didkit, what: str) -> None:
    """A credential of the issuer's with the list's id is none either."""
    impostor = issue_text(credential(id=LIST), ISSUER, "jwt", didkit)
    assert judge(didkit, impostor if what == "a credential" else what) == "status-unknown"


@pytest.mark.parametrize(
    ("types", "touch"),
    [
        (("EngineCredential",), {}),
        (("BitstringStatusListCredential",), {"type": "StatusList2021"}),
        (("BitstringStatusListCredential",), {"statusPurpose": "suspension"}),
        (("BitstringStatusListCredential",), {}),
    ],
)
def test_a_list_of_another_kind_decides_nothing(
    didkit: Didkit, types: tuple[str, ...], touch: dict[str, Any]
) -> None:
    """Though its bits could be read: only the last of these is one."""
    claims = {"type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": pack_bits([])}
    text = issue_text(credential(id=LIST, types=types, claims=claims | touch), ISSUER, "jwt", didkit)
    is_one = types != ("EngineCredential",) and not touch
    assert judge(didkit, text) == ("good" if is_one else "status-unknown")


def packed(data: bytes) -> str:
    return to_multibase("u", gzip.compress(data, mtime=0))


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "u",
        "uAAAA",
        "H4sIAAAA",
        "z" + "1" * 100,
        None,
        7,
        packed(b"\0" * 16)[:-12],
        packed(b"\0" * (MOST_BYTES + 1)),
        packed(b""),
    ],
)
def test_a_list_that_cannot_be_unpacked_is_refused(encoded: object) -> None:
    """Broken, cut off, larger than is read, or without the place."""
    with pytest.raises(NotRelied, match="status-unknown"):
        is_set(encoded, 8)


@given(st.frozensets(st.integers(0, PLACES - 1), max_size=50), st.integers(0, PLACES - 1))
@settings(max_examples=50, deadline=None)
def test_a_list_says_exactly_what_was_put_into_it(places: frozenset[int], other: int) -> None:
    """Whatever it is."""
    encoded = pack_bits(places)
    assert all(is_set(encoded, place) for place in places)
    assert is_set(encoded, other) == (other in places)


def test_the_first_place_is_the_leftmost_bit() -> None:
    """As the specification counts, so that others read the same."""
    bits = bytearray(PLACES // 8)
    bits[0], bits[1] = 0b1000_0000, 0b0000_0001
    assert pack_bits([0, 15]) == packed(bytes(bits))


ENTRIES: list[dict[str, Any]] = [
    {"statusPurpose": "suspension"},
    {"type": "StatusList2021Entry"},
    {"statusListIndex": "-1"},
    {"statusListIndex": "seven"},
    {"statusListIndex": "07"},
    {"statusListIndex": "9" * 20},
    {"statusListCredential": "list"},
    {"statusSize": 2},
    {"id": "relative"},
]


@pytest.mark.parametrize("touch", ENTRIES)
def test_a_status_that_is_not_understood_is_refused(didkit: Didkit, touch: dict[str, Any]) -> None:
    """Taking it for none would make a revoked credential good. It is signed, so nothing else is wrong."""
    from_issuer = _with_status(touch)
    found = Verifier(didkit, status_lists=lambda name: status_list(didkit)).verify(from_issuer, NOW_S)
    assert code(found) in ("unsupported", "malformed")


def _with_status(touch: dict[str, Any]) -> str:
    claims = to_claims(credential(**listed()))
    claims["vc"]["credentialStatus"] |= touch
    return write_token(claims, ISSUER)
