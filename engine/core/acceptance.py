"""Which picos from elsewhere an engine takes in: whose, how many, how big, which rulesets, at what price.

A policy is plain data; `refusal` says what is against a newcomer, in words that help whoever is refused, and
with one of the codes of the protocol of moves. It asks nobody: what counts is in its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

from engine.core.cids import NotACid, from_cid
from engine.core.did_keys import NotADidKey, from_did_key
from engine.core.didcomm.limits import LARGEST_NUMBER
from engine.core.dids import is_did, same_did, show_did
from engine.core.mesh.adverts import Room, engine_of

FORMAT = 1

Who = Literal["nobody", "trusted", "known", "anyone"]
"""Picos of which engines, besides those that are named."""
WHO: tuple[Who, ...] = get_args(Who)
Standing = Literal["stranger", "heard", "known", "trusted", "blocked"]
"""What the engine that a newcomer comes from is here."""

_ENOUGH: Mapping[Who, tuple[Standing, ...]] = {
    "nobody": (),
    "trusted": ("trusted",),
    "known": ("trusted", "known"),
    "anyone": ("trusted", "known", "heard", "stranger"),
}


class BadPolicy(ValueError):
    """A policy that makes no sense. Says what in it."""


@dataclass(frozen=True, slots=True)
class Policy:
    who: Who = "nobody"
    dids: tuple[str, ...] = ()
    """Engines and owners whose picos may come though `who` would not let them."""
    most_picos: int = 100
    most_bytes: int = 64 << 20
    """Of one pico."""
    total_bytes: int = 1 << 30
    """Of all that came."""
    rulesets: tuple[str, ...] = ()
    """All of a pico's have to be among these, or come with the engine: rids, CIDs, or keys (did:key) of
    authors who signed them. None named: any."""
    price: int = 0
    """Whole units for a pico and a day."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A ruleset of a newcomer."""

    rid: str
    cid: str
    authors: tuple[str, ...] = ()
    """Whose good signatures came along."""
    is_ours: bool = False
    """It comes with this engine."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    pico: str
    engine: str
    """The DID of the engine that it comes from."""
    standing: Standing
    bytes: int = 0
    owners: tuple[str, ...] = ()
    """Who is proven to own it."""
    rulesets: tuple[Brought, ...] = ()
    price: int = 0
    """What is offered for it, a day."""


@dataclass(frozen=True, slots=True)
class Guests:
    """The picos that came from elsewhere, and live here now."""

    count: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    comment: str


def why_not(policy: Policy, newcomer: Newcomer, guests: Guests) -> str | None:
    """What is against taking a pico in; None if nothing is."""
    refused = refusal(policy, newcomer, guests)
    return None if refused is None else refused.comment


def refusal(policy: Policy, newcomer: Newcomer, guests: Guests) -> Refused | None:
    """The same with its code. What can be mended least comes first."""
    return (
        _whose(policy, newcomer)
        or _rulesets(policy, newcomer)
        or _size(policy, newcomer)
        or _price(policy, newcomer)
        or _room(policy, newcomer, guests)
    )


def room(policy: Policy, guests: Guests) -> Room:
    """What there is left, for an advert. Where nobody may come there is none."""
    if policy.who == "nobody" and not policy.dids:
        return Room()
    return Room(max(policy.most_picos - guests.count, 0), max(policy.total_bytes - guests.bytes, 0))


def _whose(policy: Policy, newcomer: Newcomer) -> Refused | None:
    if newcomer.standing == "blocked":
        return Refused(
            "not-trusted", "this engine has nothing to do with the engine that the pico comes from"
        )
    if newcomer.standing in _ENOUGH[policy.who] or any(_is_named(one, newcomer) for one in policy.dids):
        return None
    return Refused("not-trusted", f"{_TELL_WHO[policy.who]}{_and_named(policy)}. {_HOW_TO_MEND[policy.who]}")


_TELL_WHO: Mapping[Who, str] = {
    "nobody": "this engine takes in no picos from elsewhere",
    "trusted": "this engine takes in picos of engines that its owner trusts",
    "known": "this engine takes in picos of engines that it has met",
    "anyone": "this engine takes in picos of anybody",
}
_ASK = "Its owner can allow it with"
_HOW_TO_MEND: Mapping[Who, str] = {
    "nobody": f"{_ASK} `picomesh engines accept`",
    "trusted": f"{_ASK} `picomesh engines trust`",
    "known": "Engines meet by an invitation: `picomesh engines invite` there, `picomesh engines add` here",
    "anyone": f"{_ASK} `picomesh engines accept`",
}


def _and_named(policy: Policy) -> str:
    if not policy.dids:
        return ""
    return ", but for some that are named" if policy.who == "nobody" else ", and some that are named"


def _is_named(did: str, newcomer: Newcomer) -> bool:
    engine = engine_of(did)
    if engine is not None and engine == engine_of(newcomer.engine):
        return True
    return any(same_did(did, one) for one in (newcomer.pico, *newcomer.owners))


def _rulesets(policy: Policy, newcomer: Newcomer) -> Refused | None:
    if not policy.rulesets:
        return None
    for one in newcomer.rulesets:
        if not one.is_ours and not {one.rid, one.cid, *one.authors} & set(policy.rulesets):
            named = ", ".join(map(show_did, policy.rulesets[:4])) + (
                ", …" if len(policy.rulesets) > 4 else ""
            )
            signed = (
                f"signed by {', '.join(map(show_did, one.authors))}" if one.authors else "signed by nobody"
            )
            return Refused(
                "ruleset", f"ruleset {one.rid} ({one.cid}, {signed}) is not among those taken here: {named}"
            )
    return None


def _size(policy: Policy, newcomer: Newcomer) -> Refused | None:
    if newcomer.bytes <= policy.most_bytes:
        return None
    return Refused(
        "too-large", f"the pico has {newcomer.bytes:,} bytes, and one may have {policy.most_bytes:,} here"
    )


def _price(policy: Policy, newcomer: Newcomer) -> Refused | None:
    if newcomer.price >= policy.price:
        return None
    return Refused("price", f"a pico costs {policy.price:,} a day here; {newcomer.price:,} is offered")


def _room(policy: Policy, newcomer: Newcomer, guests: Guests) -> Refused | None:
    if guests.count >= policy.most_picos:
        return Refused(
            "too-many",
            f"picos that came from elsewhere and live here: {guests.count:,}; there is room for "
            f"{policy.most_picos:,}. Some may leave; try again later",
        )
    left = policy.total_bytes - guests.bytes
    if newcomer.bytes > left:
        return Refused(
            "no-room",
            f"the pico has {newcomer.bytes:,} bytes, and {max(left, 0):,} are left here for "
            "those from elsewhere. Some may leave; try again later",
        )
    return None


# --- as it is stored and asked for ----------------------------------------------------------------


def pack(policy: Policy) -> dict[str, Any]:
    plain = asdict(policy)
    return {**plain, "dids": list(policy.dids), "rulesets": list(policy.rulesets), "format": FORMAT}


def unpack(plain: Mapping[str, Any]) -> Policy:
    """Raises `BadPolicy`, also for what another version wrote."""
    if plain.get("format") != FORMAT:
        raise BadPolicy("the policy was written by another version")
    return changed(Policy(), {name: value for name, value in plain.items() if name != "format"})


def changed(policy: Policy, wishes: Mapping[str, Any]) -> Policy:
    """With some members of it set to other values. Raises `BadPolicy`."""
    members = {name: getattr(policy, name) for name in _CHECKS}
    for name, value in wishes.items():
        if name not in _CHECKS:
            raise BadPolicy(f"a policy says nothing of {name[:60]}; it has {', '.join(_CHECKS)}")
        members[name] = _CHECKS[name](name, value)
    return Policy(**members)


MOST_NAMED = 10_000


def _read_who(name: str, value: Any) -> Who:
    if value not in WHO:
        raise BadPolicy(f"who is one of {', '.join(WHO)}")
    return cast(Who, value)


def _read_dids(name: str, value: Any) -> tuple[str, ...]:
    for one in _read_texts(name, value):
        if not is_did(one):
            raise BadPolicy(f"'{one[:60]}' is not a DID; name engines and owners by theirs (did:…)")
    return _once(value)


def _read_rulesets(name: str, value: Any) -> tuple[str, ...]:
    for one in _read_texts(name, value):
        if one.startswith("did:"):
            _read_author(one)
        elif one.startswith("bafkrei"):
            _read_cid(one)
        elif not one or len(one) > 256 or any(character.isspace() for character in one):
            raise BadPolicy(f"'{one[:60]}' is no rid, no CID and no key of an author (did:key:z6Mk…)")
    return _once(value)


def _read_author(one: str) -> None:
    try:
        from_did_key(one)
    except NotADidKey as problem:
        raise BadPolicy(str(problem)) from None


def _read_cid(one: str) -> None:
    try:
        from_cid(one)
    except NotACid as problem:
        raise BadPolicy(str(problem)) from None


def _read_texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise BadPolicy(f"{name} is a list of texts")
    if len(value) > MOST_NAMED:
        raise BadPolicy(f"{name} has at most {MOST_NAMED:,} entries")
    return tuple(value)


def _once(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value))


def _read_count(name: str, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
        raise BadPolicy(f"{name} is a whole number, 0 or more")
    return int(value)


_CHECKS: Mapping[str, Any] = {
    "who": _read_who,
    "dids": _read_dids,
    "most_picos": _read_count,
    "most_bytes": _read_count,
    "total_bytes": _read_count,
    "rulesets": _read_rulesets,
    "price": _read_count,
}
