"""Credentials as policies see them: what an entry asks for, and whether something that was shown is that.

Pure data. Who issued a credential, whether it is still good and whose it is was found out by others, before
anything of it is `Shown` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.dids import Did, NotADid, read_did_url
from engine.core.model import CredentialAsked
from pico_lang.errors import TypeFault
from pico_lang.values import Value

FORM = (
    'a map with "type" (a string or several), "issuer" (a DID or several), and perhaps "claims" (a map of '
    "strings, numbers and booleans)"
)
MOST = 16
"""Types, issuers or claims of one entry."""

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential that its subject has shown, and its issuer stands by."""

    types: tuple[str, ...]
    issuer: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what was shown is not relied on: a code of the credentials' README, and a sentence for the log."""

    code: str
    reason: str


def is_met(asked: CredentialAsked, shown: Iterable[Shown]) -> bool:
    """By one of them alone: two credentials that have half of it each may be about different things."""
    return any(_is_it(asked, one) for one in shown)


def _is_it(asked: CredentialAsked, one: Shown) -> bool:
    return (
        one.issuer in asked.issuers
        and set(asked.types) <= set(one.types)
        and all(_is_same(one.claims.get(name), value) for name, value in asked.claims)
    )


def _is_same(said: object, wanted: Value) -> bool:
    """In Python true is 1."""
    return isinstance(said, bool) == isinstance(wanted, bool) and said == wanted


def describe(asked: CredentialAsked) -> str:
    """For whoever has to show it, so DIDs stand there in full length."""
    claims = ", ".join(f"{name} {_show(value)}" for name, value in asked.claims)
    issuers = " or ".join(asked.issuers)
    return f"{' and '.join(asked.types)} by {issuers}{f' with {claims}' if claims else ''}"


def _show(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- from and to language values -------------------------------------------------------------------


def read_asked(value: Value) -> CredentialAsked:
    """Strictly: a condition that was misspelt must not be one that anybody meets."""
    if isinstance(value, dict) and {"type", "issuer"} <= set(value) <= {"type", "issuer", "claims"}:
        types, issuers, claims = _several(value["type"]), _several(value["issuer"]), value.get("claims", {})
        named = types and all(map(_TYPE.fullmatch, types)) and issuers and all(map(_is_did, issuers))
        if (
            named
            and isinstance(claims, dict)
            and len(claims) <= MOST
            and all(map(_is_claim, claims.values()))
        ):
            return CredentialAsked(types, issuers, tuple(claims.items()))
    raise TypeFault(f'"credential" of an entry is {FORM}')


def _several(value: Value) -> tuple[str, ...]:
    """Empty if there is something wrong with them."""
    listed = value if isinstance(value, list) else [value]
    texts = tuple(one for one in listed if isinstance(one, str))
    return texts if len(texts) == len(listed) <= MOST else ()


def _is_did(text: str) -> bool:
    try:
        return Did(text) == read_did_url(text).did
    except NotADid:
        return False


def _is_claim(value: Value) -> bool:
    return isinstance(value, (str, bool, float, int))


def show_asked(asked: CredentialAsked) -> dict[str, Value]:
    """The map that `read_asked` reads."""
    told: dict[str, Value] = {"type": _one_or_all(asked.types), "issuer": _one_or_all(asked.issuers)}
    return {**told, "claims": dict(asked.claims)} if asked.claims else told


def _one_or_all(texts: tuple[str, ...]) -> Value:
    return texts[0] if len(texts) == 1 else list(texts)
