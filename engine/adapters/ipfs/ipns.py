"""The newest heads of picos under names of IPNS, in all nodes that an engine has. A hint, and never needed.

A name is a key that is derived for the pico, so it stays while the engine's keys do. What it leads to is a
head, which says by itself whether it is one: whoever resolves a name verifies that as if a stranger had
given it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from nacl.signing import SigningKey

from engine.adapters.ipfs.names import BadRecord, IpnsNames, Pointer, ipns_name, read_ipns_name
from engine.adapters.ipfs.opening import limits_of
from engine.adapters.ipfs.rpc import Rpc
from engine.config import Settings
from engine.core.cids import Cid
from engine.ports import StoreUnavailable

log = structlog.get_logger("picomesh.names")

LIFETIME = timedelta(days=365)
"""For which a record is good. The public network forgets it after two days unless it is published again."""


class HeadNames:
    """Names in these nodes. `close` ends what connects to them."""

    def __init__(self, rpcs: Sequence[Rpc], names: Sequence[IpnsNames], now: Callable[[], datetime]) -> None:
        self._rpcs = rpcs
        self._names = names
        self._now = now

    def name(self, seed: bytes) -> str:
        """The one that is published with that seed."""
        return name_of(seed)

    async def publish(self, seed: bytes, head: Cid, sequence: int) -> str:
        """Let the name of that key lead to a head, in the nodes that take it; the name. Raises
        `StoreUnavailable` when none does."""
        key = SigningKey(seed)
        public, pointer = bytes(key.verify_key), Pointer(head, sequence, self._now() + LIFETIME)

        def sign(message: bytes) -> bytes:
            return bytes(key.sign(message).signature)

        done = await asyncio.gather(
            *(names.publish(public, pointer, sign, self._now()) for names in self._names),
            return_exceptions=True,
        )
        problems = [one for one in done if one is not None]
        for problem in problems:
            if not isinstance(problem, StoreUnavailable | BadRecord):
                raise problem
        if problems and len(problems) == len(done):
            raise problems[0]
        return ipns_name(public)

    async def resolve(self, name: str) -> Cid | None:
        """The newest head that any node knows for a name; None if none knows one. Raises `BadName`."""
        key = read_ipns_name(name)
        found = await asyncio.gather(*(self._resolve(names, key) for names in self._names))
        known = [pointer for pointer in found if pointer is not None]
        return max(known, key=lambda pointer: pointer.sequence).cid if known else None

    async def _resolve(self, names: IpnsNames, key: bytes) -> Pointer | None:
        try:
            return await names.resolve(key, self._now())
        except (BadRecord, StoreUnavailable) as problem:
            log.info("a node has no good record of a name", why=str(problem))
            return None

    async def close(self) -> None:
        for rpc in self._rpcs:
            await rpc.close()


def name_of(seed: bytes) -> str:
    """The name that is published with that seed."""
    return ipns_name(bytes(SigningKey(seed).verify_key))


def open_names(settings: Settings) -> HeadNames:
    """In the nodes that the settings name, which are not connected to before there is something to ask."""
    limits = limits_of(settings)
    rpcs = [Rpc(address, limits) for address in settings.ipfs_api.addresses]
    return HeadNames(rpcs, [IpnsNames(rpc, limits) for rpc in rpcs], lambda: datetime.now(UTC))


async def resolve(settings: Settings, name: str) -> Cid | None:
    """The head that a name leads to, asked of the nodes in the settings, for a restore. Raises `BadName`."""
    names = open_names(settings)
    try:
        return await names.resolve(name)
    finally:
        await names.close()
