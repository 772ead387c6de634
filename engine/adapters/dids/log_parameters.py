"""What a log says of its own rules, and how each entry changes that (did:webvh 1.0, "DID Method Parameters").

Anything that is not as the specification has it is refused: a verifier that guesses is one that can be led.
`null` for the default is read, since early software wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.adapters.dids.did_key import DID_KEY
from engine.adapters.dids.limits import KEYS, TEXT, WITNESSES
from engine.adapters.dids.locations import is_scid
from engine.adapters.dids.proofs import check_ed25519
from engine.adapters.dids.refused import DidRefused

METHOD = "did:webvh:1.0"
LARGEST_TTL_S = 2**31
DEFAULT_TTL_S = 3600


@dataclass(frozen=True, slots=True)
class WitnessRule:
    """So many of these (did:key) have to approve an entry."""

    threshold: int
    witnesses: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "witnesses": [{"id": one} for one in self.witnesses]}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Those in force once an entry is published."""

    scid: str
    update_keys: tuple[str, ...]
    next_key_hashes: tuple[str, ...] = ()
    """Only keys with these hashes may sign the next entry; empty if nothing is promised."""
    witness: WitnessRule | None = None
    watchers: tuple[str, ...] = ()
    portable: bool = False
    deactivated: bool = False
    ttl_s: int = DEFAULT_TTL_S
    given: frozenset[str] = field(default=frozenset(), compare=False)
    """What the entry itself said, and did not inherit."""


def first_parameters(raw: Mapping[str, Any]) -> Parameters:
    """Those of the first entry."""
    given = _present(raw)
    for name in ("method", "scid", "updateKeys"):
        if name not in given:
            raise DidRefused("bad-parameters", f"the first entry has to say {name}")
    scid = given["scid"]
    if not isinstance(scid, str) or not is_scid(scid):
        raise DidRefused("bad-parameters", "scid is not the hash of a first entry")
    return _change(Parameters(scid, ()), given)


def next_parameters(before: Parameters, raw: Mapping[str, Any]) -> Parameters:
    """Those of a later entry, which says only what is new."""
    given = _present(raw)
    if "scid" in given:
        raise DidRefused("bad-parameters", "scid stands in the first entry only")
    if given.get("portable") is True:
        raise DidRefused("bad-parameters", "a log is portable from its first entry on, or never")
    if before.next_key_hashes and not {"updateKeys", "nextKeyHashes"} <= set(given):
        raise DidRefused("bad-parameters", "after nextKeyHashes, an entry says updateKeys and nextKeyHashes")
    return _change(before, given)


def _present(raw: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(raw) - set(_READ) - {"method", "scid"})
    if unknown:
        raise DidRefused("bad-parameters", f"{unknown[0][:40]!r} is no parameter of {METHOD}")
    given = {name: _DEFAULTS.get(name) if value is None else value for name, value in raw.items()}
    if "method" in given and given["method"] != METHOD:
        raise DidRefused("bad-parameters", f"method is {METHOD}; others are not read here")
    return given


def _change(before: Parameters, given: Mapping[str, Any]) -> Parameters:
    changes = {_READ[name][0]: _READ[name][1](value) for name, value in given.items() if name in _READ}
    return replace(before, **changes, given=frozenset(given))


# --- reading values --------------------------------------------------------------------------------


def _texts(name: str, most: int) -> Callable[[object], tuple[str, ...]]:
    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise DidRefused("bad-parameters", f"{name} is a list of at most {most} texts")
        if not all(isinstance(one, str) and 0 < len(one) <= TEXT for one in value):
            raise DidRefused("bad-parameters", f"{name} is a list of texts of at most {TEXT:,} characters")
        if len(set(value)) != len(value):
            raise DidRefused("bad-parameters", f"{name} says something twice")
        return tuple(value)

    return read


def _flag(name: str) -> Callable[[object], bool]:
    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise DidRefused("bad-parameters", f"{name} is true or false")
        return value

    return read


def _read_ttl(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_TTL_S:
        raise DidRefused("bad-parameters", "ttl is a number of seconds")
    return value


def read_witness_rule(value: object) -> WitnessRule | None:
    """`{}` stands for none. A key that could never approve is refused now, not when it is missed."""
    if value == {}:
        return None
    if not isinstance(value, dict) or set(value) != {"threshold", "witnesses"}:
        raise DidRefused("bad-parameters", "witness has a threshold and witnesses, or is {}")
    threshold, listed = value["threshold"], value["witnesses"]
    if not isinstance(listed, list) or not 0 < len(listed) <= WITNESSES:
        raise DidRefused("bad-parameters", f"witnesses are a list of 1 to {WITNESSES}")
    ids = tuple(_read_witness(one) for one in listed)
    if len(set(ids)) != len(ids):
        raise DidRefused("bad-parameters", "a witness is named twice")
    if isinstance(threshold, bool) or not isinstance(threshold, int) or not 1 <= threshold <= len(ids):
        raise DidRefused("bad-parameters", f"the threshold of {len(ids)} witnesses is 1 to {len(ids)}")
    return WitnessRule(threshold, ids)


def _read_witness(value: object) -> str:
    identifier = value.get("id") if isinstance(value, dict) else None
    if not isinstance(identifier, str) or not identifier.startswith(DID_KEY):
        raise DidRefused("bad-parameters", "the id of a witness is a did:key")
    try:
        check_ed25519(identifier.removeprefix(DID_KEY))
    except DidRefused as problem:
        raise DidRefused("bad-parameters", f"the key of a witness cannot be used: {problem.reason}") from None
    return identifier


_READ: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "updateKeys": ("update_keys", _texts("updateKeys", KEYS)),
    "nextKeyHashes": ("next_key_hashes", _texts("nextKeyHashes", KEYS)),
    "witness": ("witness", read_witness_rule),
    "watchers": ("watchers", _texts("watchers", KEYS)),
    "portable": ("portable", _flag("portable")),
    "deactivated": ("deactivated", _flag("deactivated")),
    "ttl": ("ttl_s", _read_ttl),
}
_DEFAULTS: Mapping[str, Any] = {
    "updateKeys": [],
    "nextKeyHashes": [],
    "witness": {},
    "watchers": [],
    "portable": False,
    "deactivated": False,
    "ttl": DEFAULT_TTL_S,
}
