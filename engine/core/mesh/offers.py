"""Which of the engines that are known have what somebody looks for, told as plain JSON, the best first.

What `engine:offers(filter)` answers and `picomesh engines list --json` shows. Nothing is decided here:
who asks weighs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core.mesh.acquaintances import Acquaintance
from engine.core.timekeeping import to_iso

Offer = dict[str, Any]
Wanted = Mapping[str, Any]

RANKS = {"heard": 0, "known": 1, "trusted": 2}
"""Blocked engines offer nothing."""


class BadFilter(ValueError):
    """A filter that asks for something that cannot be. Says what can."""


def describe(known: Acquaintance, now_s: int) -> Offer:
    """All there is to say of one."""
    advert, measured = known.advert, known.measured
    return {
        "name": known.name,
        "did": known.did,
        "short": known.short,
        "trust": known.trust,
        "round_trip_ms": None if measured.round_trip_ms is None else round(measured.round_trip_ms, 1),
        "success": None if measured.success is None else round(measured.success, 3),
        "tries": measured.tries,
        "problem": measured.problem or None,
        "heard_at": to_iso(measured.reached_s * 1000) if measured.reached_s else None,
        "left_at": to_iso(known.left_s * 1000) if known.left_s else None,
        "price": None if advert is None else advert.price,
        "free": None if advert is None else {"picos": advert.free.picos, "bytes": advert.free.bytes},
        "features": [] if advert is None else list(advert.features),
        "load": None if advert is None or advert.load is None else advert.load / 100,
        "fault_domain": "" if advert is None else advert.fault_domain,
        "endpoints": [] if advert is None else list(advert.endpoints),
        "software": "" if advert is None else advert.software,
        "formats": {} if advert is None else dict(advert.formats),
        "sequence": None if advert is None else advert.sequence,
        "expires_at": None if advert is None else to_iso(advert.expires_s * 1000),
        "expired": advert is None or advert.expires_s <= now_s,
    }


def offers(all: Iterable[Acquaintance], wanted: Wanted, now_s: int) -> list[Offer]:
    """Those that fit, by trust and then by how well they are reached. Raises `BadFilter`."""
    check_filter(wanted)
    lowest = RANKS[wanted.get("trust", "known")]
    told = (describe(one, now_s) for one in all if RANKS.get(one.trust, -1) >= lowest)
    found = [one for one in told if all_fit(one, wanted)]
    return sorted(found, key=_order)


def check_filter(wanted: Wanted) -> None:
    unknown = [name for name in wanted if name not in FILTERS and name != "trust"]
    if unknown:
        raise BadFilter(
            f"engines are not filtered by {unknown[0]}; there are {', '.join(('trust', *FILTERS))}"
        )
    trust = wanted.get("trust", "known")
    if not isinstance(trust, str) or trust not in RANKS:
        raise BadFilter(f"trust is one of {', '.join(RANKS)}")
    for name, value in wanted.items():
        if name != "trust" and not _KINDS[name](value):
            raise BadFilter(f"{name} of a filter is {_WORDS[_KINDS[name]]}")


def all_fit(offer: Offer, wanted: Wanted) -> bool:
    return all(name == "trust" or FILTERS[name](offer, value) for name, value in wanted.items())


def _order(offer: Offer) -> tuple[Any, ...]:
    unknown = offer["round_trip_ms"] is None
    success = offer["success"] or 0.0
    return (
        -RANKS[offer["trust"]],
        offer["expired"],
        -success,
        unknown,
        offer["round_trip_ms"] or 0.0,
        offer["did"],
    )


def _at_most(name: str) -> Callable[[Offer, Any], bool]:
    """What is not known is not small."""
    return lambda offer, most: offer[name] is not None and offer[name] <= most


FILTERS: Mapping[str, Callable[[Offer, Any], bool]] = {
    "name": lambda offer, name: bool(offer["name"] == name),
    "features": lambda offer, features: set(features) <= set(offer["features"]),
    "price_at_most": _at_most("price"),
    "round_trip_ms_at_most": _at_most("round_trip_ms"),
    "success_at_least": lambda offer, least: (offer["success"] or 0.0) >= least,
    "free_picos_at_least": lambda offer, least: offer["free"] is not None and offer["free"]["picos"] >= least,
    "free_bytes_at_least": lambda offer, least: offer["free"] is not None and offer["free"]["bytes"] >= least,
    "fault_domain_not": lambda offer, domains: offer["fault_domain"] not in domains,
}
"""By the name of a member of a filter."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_WORDS: Mapping[Any, str] = {_is_text: "a string", _are_texts: "an array of strings", _is_number: "a number"}
_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "features": _are_texts,
    "fault_domain_not": _are_texts,
    **{name: _is_number for name in FILTERS if name.endswith(("_at_most", "_at_least"))},
}
