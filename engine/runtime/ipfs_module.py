"""What stands behind the module `ipfs` of rulesets: blocks from the stores, and deposits.

It is answered like a plugin's: a few questions of a pico at a time, each with a deadline, and what goes wrong
is told to the ruleset.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from engine.core.cids import Cid, cid_of, cid_text, codec_of, read_cid
from engine.core.domains.ipfs import NAME
from engine.core.ipld_values import NoSuchValue, bytes_value, from_block, to_block
from engine.plugins.declaration import Call, CannotAnswer, Module
from engine.ports import LARGEST_BLOCK, MissingBlocks, StoreFailed
from engine.runtime.deposits import Deposits, NoRoom


class Reading(Protocol):
    """As much of a store as is needed to look something up."""

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]: ...


def ipfs_module(stores: Reading, deposits: Deposits) -> Module:
    """The module's questions and effects; what needs nobody outside is in `engine.core.domains.ipfs`."""
    answers = _Answers(stores, deposits)
    return Module(
        NAME,
        questions={"get": answers.get, "kept": answers.kept},
        effects={"put": answers.put, "drop": answers.drop},
    )


class _Answers:
    def __init__(self, stores: Reading, deposits: Deposits) -> None:
        self._stores = stores
        self._deposits = deposits

    async def get(self, call: Call, cid: str, form: str | None = None) -> Any:
        """What a block says."""
        named = read_cid(cid)
        try:
            block = (await self._stores.get_many([named])).get(named)
        except StoreFailed as problem:
            raise CannotAnswer(f"{cid} cannot be had: {problem}") from problem
        if block is None:
            raise CannotAnswer(f"{cid} is not here, and no IPFS node of this engine (ipfs_api) has found it")
        if len(block) > LARGEST_BLOCK:
            raise CannotAnswer(f"{cid} has {len(block):,} bytes; the largest block has {LARGEST_BLOCK:,}")
        return _read_raw(cid, block, form) if codec_of(named) == "raw" else _read(cid, block)

    async def kept(self, call: Call) -> dict[str, int]:
        """What the pico has put, and how many bytes it counts."""
        return {one.cid: one.size for one in await self._deposits.of(call.pico)}

    async def put(self, call: Call, value: Any, cid: str) -> dict[str, Any]:
        """Keep a value as a block."""
        block = to_block(value)
        if cid_text(cid_of(block)) != cid:
            raise CannotAnswer(f"{cid} was promised by a version that wrote this value in other bytes")
        try:
            deposit = await self._deposits.put(call.pico, block)
        except NoRoom as problem:
            raise CannotAnswer(str(problem)) from problem
        except MissingBlocks as problem:
            missing = ", ".join(sorted(map(cid_text, problem.cids))[:3])
            raise CannotAnswer(
                f"{cid} leads to {missing}, which is not here; put first what a value leads to"
            ) from problem
        except StoreFailed as problem:
            raise CannotAnswer(f"{cid} cannot be kept: {problem}") from problem
        return {"cid": cid, "bytes": deposit.size}

    async def drop(self, call: Call, cid: str) -> dict[str, Any]:
        """Keep a value no more."""
        try:
            return {"cid": cid, "dropped": await self._deposits.drop(call.pico, read_cid(cid))}
        except StoreFailed as problem:
            raise CannotAnswer(f"{cid} cannot be dropped: {problem}") from problem


def _read(cid: str, block: bytes) -> Any:
    try:
        return from_block(block)
    except NoSuchValue as problem:
        raise CannotAnswer(f"{cid} is no value of the language: {problem}") from problem


def _read_raw(cid: str, block: bytes, form: str | None) -> Any:
    if form != "text":
        return bytes_value(block)
    try:
        return block.decode()
    except UnicodeDecodeError:
        raise CannotAnswer(f'{cid} is no text in UTF-8; as "bytes" it can be had') from None
