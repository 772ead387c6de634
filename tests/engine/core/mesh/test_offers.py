"""Offers: those of engines that are as wanted, the best first."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.mesh.acquaintances import Measured
from engine.core.mesh.adverts import Room
from engine.core.mesh.offers import BadFilter, describe, offers
from tests.engine.core.mesh.people import NOW_S, Party

ANN = Party("ann").known(
    trust="trusted",
    features=("ipfs", "seal"),
    price=5,
    free=Room(3, 1000),
    fault_domain="home",
    load=25,
    measured=Measured(20.0, 1.0, 5, NOW_S),
)
BOB = Party("bob").known(features=("ipfs",), measured=Measured(5.0, 0.5, 5, NOW_S))
CID = Party("cid").known(trust="heard")
DEE = Party("dee").known(trust="blocked")
ALL = [CID, DEE, BOB, ANN]


def names(**wanted: Any) -> list[str]:
    return [one["name"] for one in offers(ALL, wanted, NOW_S)]


def test_who_is_trusted_comes_first() -> None:
    """Then who is reached best; who was only heard of is left out unless asked for, the blocked always."""
    assert names() == ["ann", "bob"]
    assert names(trust="trusted") == ["ann"]
    assert names(trust="heard") == ["ann", "bob", "cid"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"name": "bob"}, ["bob"]),
        ({"features": ["ipfs"]}, ["ann", "bob"]),
        ({"features": ["ipfs", "seal"]}, ["ann"]),
        ({"features": []}, ["ann", "bob"]),
        ({"price_at_most": 4}, ["bob"]),
        ({"round_trip_ms_at_most": 10}, ["bob"]),
        ({"success_at_least": 0.9}, ["ann"]),
        ({"free_picos_at_least": 1}, ["ann"]),
        ({"free_bytes_at_least": 1001}, []),
        ({"fault_domain_not": ["home"]}, ["bob"]),
        ({"features": ["ipfs"], "price_at_most": 4, "fault_domain_not": ["home"]}, ["bob"]),
    ],
)
def test_a_filter_is_all_of_its_wishes(wanted: dict[str, Any], found: list[str]) -> None:
    """Each by itself, and together."""
    assert names(**wanted) == found


def test_what_is_not_known_fits_no_limit() -> None:
    """An engine that was never measured is not fast."""
    assert names(trust="heard", round_trip_ms_at_most=1e9) == ["ann", "bob"]
    silent = Party("eve").known(advert=None, jws="")
    assert offers([silent], {"price_at_most": 100}, NOW_S) == []
    assert [one["expired"] for one in offers([silent], {}, NOW_S)] == [True]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"prize": 1}, "not filtered by prize; there are trust, name"),
        ({"trust": "married"}, "trust is one of heard, known, trusted"),
        ({"trust": ["known"]}, "trust is one of heard, known, trusted"),
        ({"features": "ipfs"}, "features of a filter is an array of strings"),
        ({"price_at_most": True}, "price_at_most of a filter is a number"),
        ({"name": 5}, "name of a filter is a string"),
    ],
)
def test_a_filter_that_makes_no_sense_says_so(wanted: dict[str, Any], said: str) -> None:
    """And what would."""
    with pytest.raises(BadFilter, match=said):
        offers(ALL, wanted, NOW_S)


def test_an_offer_is_plain_json() -> None:
    """Times as ISO, shares between 0 and 1; old adverts are said to be old."""
    told = describe(ANN, NOW_S)
    assert told["free"] == {"picos": 3, "bytes": 1000}
    assert (told["round_trip_ms"], told["success"], told["load"]) == (20.0, 1.0, 0.25)
    assert (told["heard_at"], told["expired"]) == ("2023-11-14T22:13:20.000Z", False)
    assert describe(ANN, NOW_S + 900)["expired"] is True
