"""What an engine knows of another one: its name here, how far it is trusted, how well it was reached.

Plain data, and what becomes of it; what was measured is no part of any pico's state. Names are found as
people type them. How it is stored is here too, with a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast, get_args

from engine.core.dids import Did
from engine.core.mesh.adverts import Advert, engine_of, is_name, short_name

FORMAT = 1

Trust = Literal["heard", "known", "trusted", "blocked"]
"""`heard`: another engine passed on its advert. `known`: both have met. `trusted`: its owner said so here.
`blocked`: nothing of it is heard."""
TRUSTS: tuple[Trust, ...] = get_args(Trust)

WEIGHT = 0.2
"""Of the newest measurement in the averages."""
LONGEST_PROBLEM = 300


class NoSuchEngine(LookupError):
    """A name that no engine has here, or more than one. Says which there are."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Exponential averages of what was tried."""

    round_trip_ms: float | None = None
    success: float | None = None
    """Of all tries, from 0 to 1."""
    tries: int = 0
    reached_s: int = 0
    """When it last answered; 0 if it never did."""
    problem: str = ""
    """Why the last try failed; empty if it did not."""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    engine: str
    """Who it is: the keys in its DID."""
    did: Did
    """How it is reached, as far as is known."""
    name: str
    """What it is called here."""
    trust: Trust = "known"
    since_s: int = 0
    jws: str = ""
    """Its newest advert, as it signed it."""
    advert: Advert | None = None
    """What that says."""
    measured: Measured = Measured()
    left_s: int = 0
    """When it said that it does not know this engine any more; 0 if it did not."""

    @property
    def short(self) -> str:
        return short_name(self.engine)


# --- what is measured -----------------------------------------------------------------------------


def reached(before: Measured, round_trip_ms: float, now_s: int) -> Measured:
    """It has answered. A time that cannot be, because a clock was set, says nothing."""
    round_trip = before.round_trip_ms
    if round_trip_ms >= 0:
        round_trip = _average(round_trip, round_trip_ms)
    return Measured(round_trip, _average(before.success, 1.0), before.tries + 1, now_s)


def missed(before: Measured, problem: str) -> Measured:
    return replace(
        before,
        success=_average(before.success, 0.0),
        tries=before.tries + 1,
        problem=problem[:LONGEST_PROBLEM],
    )


def _average(before: float | None, new: float) -> float:
    return new if before is None else before + WEIGHT * (new - before)


# --- names ----------------------------------------------------------------------------------------


def free_name(wanted: str, engine: str, others: Iterable[Acquaintance]) -> str:
    """As it calls itself, unless another one is called so: then with a number behind it."""
    taken = {one.name.casefold() for one in others if one.engine != engine}
    name = wanted if is_name(wanted) else f"engine-{short_name(engine)}"
    if name.casefold() not in taken:
        return name
    stem = name[:56].rstrip(" ")
    numbered = (f"{stem}-{n}" for n in range(2, len(taken) + 3))
    return next(one for one in numbered if one.casefold() not in taken)


def find_named(name: str, all: Iterable[Acquaintance]) -> Acquaintance:
    """By its name here, by the short form of its DID, or by any DID of it. Those that were only heard of come
    last. Raises `NoSuchEngine`."""
    known = sorted(all, key=lambda one: (one.trust == "heard", one.name.casefold()))
    engine = engine_of(name)
    if engine is not None:
        found = [one for one in known if one.engine == engine]
    else:
        wanted = name.casefold()
        found = [one for one in known if one.name.casefold() == wanted] or [
            one for one in known if one.short == name
        ]
    met = [one for one in found if one.trust != "heard"] or found
    if len(met) == 1:
        return met[0]
    raise NoSuchEngine(_tell_names(name, met, known))


def _tell_names(name: str, found: list[Acquaintance], known: list[Acquaintance]) -> str:
    shown = name if len(name) <= 60 else f"{name[:59]}…"
    if found:
        many = ", ".join(one.short for one in found[:8])
        return f"{len(found):,} engines are called '{shown}'; say which: {many}"
    if not known:
        return f"no engine is called '{shown}': this one knows no other yet"
    names = ", ".join(one.name for one in known[:8]) + (", …" if len(known) > 8 else "")
    return f"no engine is called '{shown}'; there are {names}"


# --- as it is stored ------------------------------------------------------------------------------


def pack(known: Acquaintance) -> dict[str, Any]:
    """Without what its advert says, which stands in the signed text."""
    plain = {**asdict(replace(known, advert=None)), "format": FORMAT}
    del plain["advert"]
    return plain


def unpack(plain: Mapping[str, Any]) -> Acquaintance:
    """Without the advert, which is to be read from `jws`. Raises `ValueError` for another format."""
    if plain.get("format") != FORMAT or plain.get("trust") not in TRUSTS:
        raise ValueError("what is kept of an engine was written by another version")
    return Acquaintance(
        plain["engine"],
        Did(plain["did"]),
        plain["name"],
        cast(Trust, plain["trust"]),
        plain["since_s"],
        plain["jws"],
        measured=Measured(**plain["measured"]),
        left_s=plain["left_s"],
    )
