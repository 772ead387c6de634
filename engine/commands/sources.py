"""Where commands find sealed picos: in CAR files, in folders of them, at URLs, in the stores of a home."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from engine.adapters.blocks import CarFile
from engine.commands.failure import Failure
from engine.commands.progress import Tell
from engine.core.blocks.enclosures import Contents, read_contents
from engine.core.blocks.errors import BlockError, MissingBlock
from engine.core.blocks.heads import KIND, Evidence, SignedHead, TwoHeads, contradictions, read_head
from engine.core.cids import Cid, cid_text
from engine.core.dids import scid_in
from engine.core.timekeeping import to_iso
from engine.ports import BlockStore, KeptLog, StoreFailed
from engine.runtime.sealed_states import Trust, believe

ASKED_AT_ONCE = 64
"""Roots that are looked at together."""
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class OpenCar:
    """A CAR file in which every block was checked, and what its roots are."""

    path: Path
    store: CarFile
    contents: Contents

    @property
    def earlier(self) -> Cid | None:
        """The root of the state before the newest records, where that is in it."""
        earlier = self.contents.earlier
        return None if earlier is None else earlier.root


@asynccontextmanager
async def open_car(path: Path) -> AsyncIterator[OpenCar]:
    """Raises `BadCar` and other `BlockError`s."""
    try:
        store = await CarFile.open(path)
    except OSError as problem:
        raise Failure(f"{path} cannot be read: {problem.strerror}") from None
    try:
        roots = await store.roots()
        found = await store.get_many(roots)
        if missing := roots - found.keys():
            raise MissingBlock(missing)
        yield OpenCar(path, store, read_contents(found))
    finally:
        await store.close()


@asynccontextmanager
async def fetched(url: str, tell: Tell) -> AsyncIterator[Path]:
    """What is at a URL, as a file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="picomesh-fetched-") as folder:
        path = Path(folder) / "fetched.car"
        try:
            async with (
                httpx.AsyncClient(follow_redirects=True, timeout=PATIENCE_S) as client,
                client.stream("GET", url) as response,
            ):
                response.raise_for_status()
                await _save(response, path, tell)
        except httpx.HTTPStatusError as problem:
            raise Failure(f"{url} answers {problem.response.status_code}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise Failure(f"{url} cannot be fetched: {problem or type(problem).__name__}") from None
        yield path


async def _save(response: httpx.Response, path: Path, tell: Tell) -> None:
    length = response.headers.get("content-length", "")
    whole, done = int(length) if length.isdecimal() else 0, 0
    with path.open("wb") as file:
        async for piece in response.aiter_bytes():
            file.write(piece)
            done += len(piece)
            tell("fetching", done, whole)
        tell("fetching", done, done)


# --- the newest of several -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A head that says it is of the pico that is looked for, and is to be believed."""

    signed: SignedHead
    store: BlockStore
    where: str
    log: KeptLog
    """By which it is to be believed."""
    earlier: Cid | None = None
    """See `engine.commands.bringing.Source`."""


@dataclass(slots=True)
class Search:
    """For the heads of one pico, among whatever is offered."""

    did: str
    trust: Trust
    found: list[Candidate]
    refused: list[str]
    """Why heads that said they were of that pico were not believed."""
    hint: str = "--from FILE|FOLDER|URL|ipfs says where to look, --head CID which one it is"
    """What to try where there was none."""

    async def look(
        self, store: BlockStore, roots: Iterable[Cid], where: str, earlier: Cid | None = None
    ) -> None:
        """Raises `StoreFailed`."""
        left = list(roots)
        while left:
            part, left = left[:ASKED_AT_ONCE], left[ASKED_AT_ONCE:]
            for cid, block in (await store.get_many(part)).items():
                if self._says_so(block):
                    await self._add(store, cid, where, earlier)

    def _says_so(self, block: bytes) -> bool:
        if KIND.encode() not in block:
            return False  # most roots are no heads, and it need not be found out in detail
        try:
            says = read_head(block, lambda *_: True, lambda _: True).head
        except BlockError:
            return False
        return scid_in(says.pico) == scid_in(self.did)

    async def _add(self, store: BlockStore, cid: Cid, where: str, earlier: Cid | None) -> None:
        try:
            believed = await believe(store, cid, self.trust)
        except (BlockError, StoreFailed) as problem:
            self.refused.append(f"{cid_text(cid)} {where}: {problem}")
        else:
            self.found.append(Candidate(believed.signed, store, where, believed.log, earlier))

    def newest(self) -> Candidate:
        """Of all that were found. Two that contradict each other are for people to decide."""
        if not self.found:
            raise _not_found(self.did, self.refused, self.hint)
        newest = max(self.found, key=lambda one: one.signed.head.place)
        for evidence in self.contradictions():
            if evidence.heads[0].head.place == newest.signed.head.place:
                raise _contradiction(evidence)
        for other in self.found:
            if _fork(newest.log, other.log):
                raise _two_logs(newest, other)
        return newest

    def contradictions(self) -> list[Evidence]:
        """Heads that were found and say different things of one turn."""
        return contradictions(one.signed for one in self.found)


def _fork(one: KeptLog, other: KeptLog) -> bool:
    """Whether neither log goes on from the other: whoever wrote one of them was not to know of the other."""
    shorter, longer = sorted((one.lines, other.lines), key=len)
    return not longer.startswith(shorter)


def new_search(did: str, trust: Trust) -> Search:
    if scid_in(did) is None:
        raise Failure(f"{did} is not the name of a pico for life; one looks like did:scid:vh:1:Qm…")
    return Search(did, trust, [], [])


def _not_found(did: str, refused: Sequence[str], hint: str) -> Failure:
    if refused:
        return Failure(
            f"forged head: none of the heads that were found of {did} is to be believed\n  "
            + "\n  ".join(refused),
            "--from names another place",
            code="forged-head",
        )
    return Failure(f"no head of {did} was found", hint, code="no-head")


def _contradiction(evidence: Evidence) -> Failure:
    hint = "--head CID takes one of them"
    return Failure(f"two heads for one turn: {TwoHeads(evidence)}", hint, code="two-heads")


def _two_logs(newest: Candidate, other: Candidate) -> Failure:
    told = "".join(
        f"\n  {cid_text(one.signed.cid)}  of {to_iso(one.signed.head.time_ms)}, {one.where}"
        for one in (newest, other)
    )
    return Failure(
        f"two logs: the pico's log went on in two ways, and these heads are each right by one of them{told}",
        "--head CID takes one of them; --log FILE names the log that is right, if you have kept it",
        code="two-logs",
    )
