"""The routes about seals: made now, their history, copies, owners; and the stores of blocks."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeGuard, TypeVar

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, READ, READ_ADMIN, Endpoint, Routes
from engine.core.blocks.errors import BlockError
from engine.core.blocks.heads import LARGEST
from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.core.multiformats import from_multibase
from engine.core.telling import Document
from engine.ports import StoreFailed
from engine.runtime.seal_desk import SealDesk
from engine.runtime.sealed_trees import CannotSeal

T = TypeVar("T")

COPIES = "copies is a whole number, stores is an array of names"
MOST_COPIES = 1_000
LONGEST_WAIT_S = 3_600


async def _seal(host: Host, request: Request) -> Reply:
    request.demand_post("this seals picos")
    given = await request.parameters()
    eci, copies, stores = given.get("eci"), given.get("copies"), given.get("stores")
    if not isinstance(eci, str | None) or not _is_count(copies) or not _are_texts(stores):
        raise malformed(f"eci is a string, {COPIES}", 'send JSON: {"eci": "…", "copies": 2}')
    desk, wait_s = _desk(host), _seconds(given.get("wait", 0.0))
    if copies is None and stores is None and given.get("usual") is not True:
        return await _told(desk.seal(None if eci is None else Eci(eci), wait_s))
    if eci is None:
        raise malformed("copies are of one pico", "name it by a channel: add eci")
    return await _told(desk.replicate(Eci(eci), None if copies is None else int(copies), stores, wait_s))


async def _history(host: Host, request: Request) -> Reply:
    return await _told(_desk(host).history(_eci((await request.parameters()).get("eci"))))


async def _seen(host: Host, request: Request) -> Reply:
    request.demand_post("this keeps evidence")
    head = (await request.parameters()).get("head")
    try:
        block = from_multibase(head) if isinstance(head, str) else None
    except ValueError:
        block = None
    if block is None or len(block) > LARGEST:
        raise malformed("head is the block of a head, as multibase", "`picomesh verify` sends those it finds")
    return await _told(_desk(host).see(block))


async def _owners(host: Host, request: Request) -> Reply:
    given, desk = await request.parameters(), _desk(host)
    eci, named, removed = given.get("eci"), given.get("owners"), given.get("remove")
    if named is None and removed is None and given.get("only") is not True:
        return await _told(desk.owners() if eci is None else desk.owners_of(_eci(eci)))
    request.demand_post("this says who can open sealed states")
    if given.get("only") is True:
        return await _told(desk.forget_others(_eci(eci)))
    if removed is not None:
        return await _told(desk.remove_owner(removed))
    if not isinstance(named, list):
        raise malformed("owners are an array of keys", 'send JSON: {"owners": ["did:key:z6Mk…"]}')
    return await _told(desk.name_owners(named))


def _eci(given: Any) -> Eci:
    if not isinstance(given, str):
        raise malformed("no pico was named", "add eci, a channel of it")
    return Eci(given)


async def _collect(host: Host, request: Request) -> Reply:
    request.demand_post("this removes blocks that nothing needs")
    return await _told(_desk(host).collect())


async def _stores(host: Host, request: Request) -> Reply:
    return await _told(_desk(host).stores())


def _desk(host: Host) -> SealDesk:
    if host.seal_desk is None:
        raise Problem(404, "unknown", "this engine has no stores of blocks")
    return host.seal_desk


async def _told(answer: Awaitable[Document | Refusal]) -> Reply:
    try:
        return Reply(encode(settled(await answer)))
    except StoreFailed as problem:
        hint = "`picomesh stores` and the log of the engine say more"
        raise Problem(503, "store", str(problem), hint=hint) from None
    except (CannotSeal, BlockError) as problem:
        raise Problem(409, "unsealed", str(problem)) from None


def _is_count(given: Any) -> bool:
    if given is None:
        return True
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return is_number and given == int(given) and 0 <= given < MOST_COPIES


def _seconds(given: Any) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= LONGEST_WAIT_S:
        return float(given)
    raise malformed(f"wait is a number of seconds, {LONGEST_WAIT_S} at most", "how long to wait for copies")


def _are_texts(given: Any) -> TypeGuard[list[str] | None]:
    return given is None or (isinstance(given, list) and all(isinstance(one, str) for one in given))


ROUTES: Routes = {
    "/api/seal": Endpoint(
        _seal, "by POST: seal the pico at eci, or all, now; copies, stores: there; wait: for them", ADMIN
    ),
    "/api/seal/history": Endpoint(_history, "the sealed heads of the pico at ?eci=…", READ),
    "/api/seal/seen": Endpoint(
        _seen, "by POST: a head found elsewhere; evidence, if it contradicts one of ours", ADMIN
    ),
    "/api/seal/owners": Endpoint(
        _owners, "owners of picos, or of that at ?eci=…; by POST: name them, remove one", READ_ADMIN
    ),
    "/api/stores": Endpoint(_stores, "the stores of blocks, and how they are", READ),
    "/api/stores/collect": Endpoint(_collect, "by POST: remove blocks that nothing needs", ADMIN),
}
