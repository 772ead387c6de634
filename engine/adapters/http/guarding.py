"""The routes of owners and guardians of picos: naming them, and asking them for the next entry of a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.adapters.http.didcomm import mail_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, Endpoint, Routes
from engine.core.model import Eci
from engine.ports import Guard, KeptLog, LogChange, OwnersKey, Recover, Rotate
from engine.runtime.mail import Mail

Given = Mapping[str, Any]
MOST = 64
"""Of guardians, and of keys of an owner: a log has no more witnesses."""


async def _guard(host: Host, request: Request) -> Reply:
    request.demand_post("this changes the log")
    given, guarding = await request.parameters(), mail_of(host).guarding
    owner = _read_owner(given, "promise")
    if owner is not None:
        return Reply(encode(settled(await guarding.promise(_eci(given), owner))))
    return Reply(encode(settled(await guarding.guard(_eci(given), _read_guard(given)))))


async def _ask(host: Host, request: Request) -> Reply:
    request.demand_post("requests are long")
    given, mail = await request.parameters(), mail_of(host)
    reader = _READERS.get(_text(given, "change", ""))
    if reader is None:
        raise malformed("change is rotate, guard or recover", "what is asked for")
    whole = _text(given, "log", "")
    kept = KeptLog(whole, _text(given, "approvals", "")) if whole else None
    asked = await mail.guarding.ask(_eci(given), reader(given, mail), _text(given, "note", ""), kept)
    return Reply(encode(settled(asked)))


def _read_guard(given: Given) -> Guard:
    needed = given.get("needed", 0.0)
    if not isinstance(needed, float) or not needed.is_integer():
        raise malformed("needed is a whole number", "how many guardians together are the owner")
    return Guard(
        int(needed),
        _texts(given, "of"),
        given.get("watching") is True,
        _read_owner(given),
        given.get("forgets_owner") is True,
    )


def _read_recover(given: Given, mail: Mail) -> Recover:
    signer = _text(given, "signer", "") or None
    url, watching = mail.lives.url, given.get("watching") is True
    return Recover(url, mail.engine_did(), signer, _read_owner(given), watching)


def _read_owner(given: Given, name: str = "owner") -> OwnersKey | None:
    owner = given.get(name)
    if owner is None:
        return None
    if not isinstance(owner, dict):
        raise malformed(f"{name} is an object with hash and approving", "what is known of a key")
    return OwnersKey(_text(owner, "hash"), _texts(owner, "approving"))


def _eci(given: Given) -> Eci:
    return Eci(_text(given, "eci"))


def _text(given: Given, name: str, default: str | None = None) -> str:
    found = given.get(name, default)
    if not isinstance(found, str):
        raise malformed(f"{name} is a string", "`picomesh did` writes requests like this")
    return found


def _texts(given: Given, name: str) -> tuple[str, ...]:
    found = given.get(name, [])
    if not isinstance(found, list) or len(found) > MOST or not all(isinstance(one, str) for one in found):
        raise malformed(f"{name} is a list of at most {MOST} strings", "a log has no more witnesses")
    return tuple(found)


_READERS: Mapping[str, Callable[[Given, Mail], LogChange]] = {
    "rotate": lambda given, mail: Rotate(),
    "guard": lambda given, mail: _read_guard(given),
    "recover": _read_recover,
}

ROUTES: Routes = {
    "/api/did/guardians": Endpoint(
        _guard,
        "by POST: names those who can take back the pico with that eci: guardians, or an owner by a key",
        ADMIN,
    ),
    "/api/did/request": Endpoint(
        _ask, "by POST: a request to those who have to sign or approve a change of its log", ADMIN
    ),
}
