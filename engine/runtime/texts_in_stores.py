"""Texts of rulesets that are blocks in stores: whoever knows a CID can have the text, wherever it is kept.

A text that was found is checked against its CID, then compiled and kept like any other: see
`engine.runtime.shelf`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from engine.core.cids import RAW, Cid, is_named, to_cid
from engine.core.model import RulesetHash
from engine.ports import FetchFailed, StoreFailed

PUSH = "give it the text with `picomesh install ECI FILE` or POST /api/rulesets"
DEADLINE_S = 60.0
"""For all stores together. Whoever waits for it is an event that installs a ruleset."""


class Reading(Protocol):
    """As much of a store as is needed to look something up."""

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]: ...


class TextsInStores:
    def __init__(self, stores: Reading, nodes: int, may_look: Callable[[str], bool], most: int) -> None:
        """There are so many IPFS nodes among the stores. `may_look` says whether a pico may have others asked
        for a text, which may have `most` bytes."""
        self._stores = stores
        self._nodes = nodes
        self._may_look = may_look
        self._most = most

    async def find(self, digest: RulesetHash, who: str) -> str:
        """The text with that hash, for a pico, or for the engine's owner. Raises `FetchFailed`."""
        cid = Cid(RAW + bytes.fromhex(digest))
        if who and not self._may_look(who):
            raise FetchFailed(
                f"this engine does not keep a ruleset {to_cid(digest)}, and {who} may not have one fetched "
                f"from elsewhere: picomesh grant {who} http, or {PUSH}"
            )
        data = await self._fetch(cid, to_cid(digest))
        if len(data) > self._most:
            raise FetchFailed(
                f"{to_cid(digest)} has {len(data):,} bytes; a ruleset may have {self._most:,} (ruleset_limit)"
            )
        if not is_named(cid, data):
            raise FetchFailed(f"what a store gave for {to_cid(digest)} are other bytes; try again")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise FetchFailed(f"what {to_cid(digest)} names is no ruleset: it is no text in UTF-8") from None

    async def _fetch(self, cid: Cid, shown: str) -> bytes:
        try:
            async with asyncio.timeout(DEADLINE_S):
                found = await self._stores.get_many([cid])
        except TimeoutError:
            raise FetchFailed(f"no store gave {shown} within {DEADLINE_S:g} s; {PUSH}") from None
        except StoreFailed as problem:
            raise FetchFailed(f"{shown} cannot be had: {problem}") from problem
        if cid not in found:
            raise FetchFailed(
                f"this engine does not keep a ruleset {shown}, and {self._who_was_asked()}; {PUSH}"
            )
        return found[cid]

    def _who_was_asked(self) -> str:
        if not self._nodes:
            return "no IPFS node is named (ipfs_api) that could have it"
        return "its IPFS node has not found it" if self._nodes == 1 else "no IPFS node of it has found it"
