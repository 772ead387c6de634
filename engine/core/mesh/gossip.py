"""Which adverts an engine passes on to another: what is news to it, and what its engines let others spread.

What was told to whom is remembered as numbers of sequence, so a message has what is new and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.core.mesh.acquaintances import Acquaintance
from engine.core.protocols.engines import MOST_ADVERTS

MOST_CHARACTERS = 1 << 18
"""Of all of them."""

Told = Mapping[str, int]
"""The newest sequence that somebody has heard of, by engine."""


class News(NamedTuple):
    adverts: tuple[str, ...]
    told: Told
    """What has been told when they have arrived."""


def news_for(peer: str, all: Iterable[Acquaintance], told: Told, now_s: int) -> News:
    """The longest untold first would never end for those behind it; so in the order of what they sign, the
    newest first, as much as fits. The rest comes the next time."""
    fresh = (one for one in all if _is_news(one, peer, told, now_s))
    chosen: list[Acquaintance] = []
    left = MOST_CHARACTERS
    for one in sorted(fresh, key=_age):
        if len(chosen) == MOST_ADVERTS - 1 or len(one.jws) > left:
            break
        chosen.append(one)
        left -= len(one.jws)
    heard = {one.engine: one.advert.sequence for one in chosen if one.advert is not None}
    return News(tuple(one.jws for one in chosen), {**told, **heard})


def _is_news(one: Acquaintance, peer: str, told: Told, now_s: int) -> bool:
    """Not of whom it is for, nor what would be refused there."""
    if one.advert is None or one.engine == peer or one.trust == "blocked" or not one.advert.spreads:
        return False
    return one.advert.expires_s > now_s and told.get(one.engine, -1) < one.advert.sequence


def _age(one: Acquaintance) -> tuple[int, str]:
    return (0 if one.advert is None else -one.advert.issued_s), one.engine
