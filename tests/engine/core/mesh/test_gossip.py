"""Gossip: each hears what is news to it, once, and nothing that its engine does not let spread."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.core.mesh.acquaintances import Acquaintance
from engine.core.mesh.gossip import MOST_CHARACTERS, news_for
from engine.core.protocols.engines import MOST_ADVERTS
from tests.engine.core.mesh.people import NOW_S, Party

ANN, BOB, CID = Party("ann"), Party("bob"), Party("cid")


def test_each_hears_of_the_others() -> None:
    """Not of itself, nor of the same twice, until there is something newer."""
    all = [ANN.known(), BOB.known()]
    first = news_for(BOB.engine, all, {}, NOW_S)
    assert first.adverts == (ANN.advert(),)
    assert news_for(BOB.engine, all, first.told, NOW_S).adverts == ()
    newer = ANN.known(sequence=2)
    assert news_for(BOB.engine, [newer], first.told, NOW_S).adverts == (newer.jws,)


def test_some_adverts_are_kept() -> None:
    """What may not spread, has expired, is not there, or is of somebody who is blocked."""
    all = [
        ANN.known(spreads=False),
        BOB.known(expires_s=NOW_S),
        CID.known(trust="blocked"),
        Party("dee").known(advert=None, jws=""),
    ]
    assert news_for(Party("eve").engine, all, {}, NOW_S).adverts == ()


def many(count: int) -> list[Acquaintance]:
    parties = (Party(f"engine-{n}") for n in range(count))
    return [
        one.known(issued_s=NOW_S - n % 7, features=("x" * 60,) * (n % 60)) for n, one in enumerate(parties)
    ]


HUNDREDS = many(300)


@given(st.integers(0, 300), st.integers())
def test_all_comes_in_the_end(count: int, seed: int) -> None:
    """In messages that are never too long, with room left for the own advert of whoever tells."""
    all, told = HUNDREDS[:count], dict[str, int]()
    heard: list[str] = []
    random.Random(seed).shuffle(all)
    for _ in range(count + 1):
        news = news_for(ANN.engine, all, told, NOW_S)
        assert len(news.adverts) < MOST_ADVERTS
        assert sum(map(len, news.adverts)) <= MOST_CHARACTERS
        heard += news.adverts
        told = dict(news.told)
        if not news.adverts:
            break
    assert sorted(heard) == sorted(one.jws for one in all)
