"""Where other engines are now, and which of them have heard where this one is.

Who has been given a DID of a channel goes by the place that its engine had then. So engines that know each
other tell of a move: by a `from_prior`, which the former DID has signed, and which therefore nobody else can
make. An engine is the same wherever it is as long as it has the same keys.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, replace

from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, keys_in
from engine.ports import Envelopes, Journal, Letter, SetFact
from engine.runtime.identities import Identities

MOST_KNOWN = 1024
"""Engines. Of more than that those are forgotten that were met first."""
MOST_PLACES = 4
"""Of one engine: who says that it is somewhere may be wrong, or lie, so all of these are tried."""
REMEMBERED = 4096
LONGEST_WAY = 4
"""Engines, each of which says that it goes by other keys now."""
KNOWN = "engines known"
PLACE = "place"

RelayOf = Callable[[Did], Did | None]
"""Who takes in messages for a DID, if its document is at hand and names a DID for that."""


@dataclass(frozen=True, slots=True)
class Known:
    """Another engine. `since_s` is when it came to be where it is, as it has proven; 0 if it never moved."""

    at: tuple[Did, ...]
    since_s: int = 0
    told: Did | None = None
    """The last DID of this engine that it has heard of."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this engine is: its DID since that second, and the one before."""

    did: Did
    prior: Did | None = None
    since_s: int = 0


Left = Callable[[Did], Awaitable[None]]
"""Told of the DID of an engine that is somewhere else now."""


async def nobody_waits(did: Did) -> None:
    """`Left`, where nobody has anything for those who are somewhere else."""


class Whereabouts:
    def __init__(
        self,
        journal: Journal,
        identities: Identities,
        relay_of: RelayOf,
        now_ms: Callable[[], int],
        left: Left = nobody_waits,
    ) -> None:
        self._journal = journal
        self._identities = identities
        self._relay_of = relay_of
        self._now_ms = now_ms
        self._left = left
        self._engines = dict(self._read())
        self._place = self._read_place()
        self._met: OrderedDict[Did, str] = OrderedDict()
        """The engines of those who were met lately, so that most messages need no look at a document."""
        self.news = asyncio.Event()
        """Set when there is perhaps somebody who should be told where this engine is."""
        self.met_again: set[str] = set()
        """Those that were heard from lately though they may not know that."""

    def _read(self) -> Iterator[tuple[str, Known]]:
        for keys in json.loads(self._journal.fact(KNOWN) or "[]"):
            told = json.loads(self._journal.fact(_fact(keys)) or "{}")
            if told:
                yield keys, Known(**{**told, "at": tuple(told["at"])})

    # --- where others are --------------------------------------------------------------------------

    def newest(self, did: Did) -> Did:
        """The DID by which the engine with this one goes now, as far as is known."""
        for _ in range(LONGEST_WAY):
            keys = keys_in(did)
            known = None if keys is None else self._engines.get(keys)
            if known is None or not known.since_s or known.at[0] == did:
                break
            did = known.at[0]
        return did

    def moved_in(self, text: str) -> list[Did]:
        """Today's DIDs of those who stand in a text with one that may be from before they moved."""
        moved = (known.at[0] for keys, known in self._engines.items() if known.since_s and keys in text)
        return list(map(self.newest, moved))

    async def met(self, did: Did) -> None:
        """Remember the engine behind this DID of somebody who was written to, or let in."""
        if self._has_heard(self._met.get(did)):
            return
        relay = self._relay_of(did)
        keys = None if relay is None else keys_in(relay)
        if relay is None or keys is None or self._identities.find(relay) is not None:
            return
        known = self._engines.get(keys)
        if known is None:
            await self._keep(keys, Known((relay,)))
        elif relay not in known.at and not known.since_s and len(known.at) < MOST_PLACES:
            await self._keep(keys, replace(known, at=(*known.at, relay)))
        self._met[did] = keys
        if len(self._met) > REMEMBERED:
            self._met.popitem(last=False)
        if not self._has_heard(keys):
            self.met_again.add(keys)
            self.news.set()

    def _has_heard(self, keys: str | None) -> bool:
        """Whether an engine that was met knows where this one is, or need not be told."""
        known = None if keys is None else self._engines.get(keys)
        return known is not None and (self._place.prior is None or known.told == self._identities.engine)

    async def note(self, letter: Letter) -> None:
        """What a message to this engine itself says of the engine that has sent it."""
        keys = None if letter.sender is None else keys_in(letter.sender)
        if keys is None or letter.recipient is None:
            return
        if letter.rotation is not None:
            await self._follow(letter.rotation)
        known = self._engines.get(keys)
        if known is not None and letter.recipient == self._identities.engine != known.told:
            await self._keep(keys, replace(known, told=letter.recipient))

    async def _follow(self, rotation: Rotation) -> None:
        """Of engines that were never met nothing is kept, and nothing that is older than what is known."""
        keys = keys_in(rotation.prior)
        known = None if keys is None else self._engines.get(keys)
        if keys is None or known is None or rotation.new is None or rotation.issued_s <= known.since_s:
            return
        await self._keep(keys, replace(known, at=(Did(rotation.new),), since_s=rotation.issued_s))
        for former in {*known.at, Did(rotation.prior)} - {rotation.new}:
            await self._left(former)

    async def signed(self, did: Did, since_s: int) -> None:
        """An engine has signed that it goes by this DID, as its advert does; whoever brought it."""
        keys = keys_in(did)
        known = None if keys is None else self._engines.get(keys)
        if keys is None or known is None or did in known.at[:1] or since_s <= known.since_s:
            return
        await self._keep(keys, replace(known, at=(did,), since_s=since_s))
        for former in known.at:
            await self._left(former)

    async def _keep(self, keys: str, known: Known) -> None:
        is_new = keys not in self._engines
        self._engines[keys] = known
        writes = [SetFact(_fact(keys), json.dumps(asdict(known)))]
        if is_new:
            while len(self._engines) > MOST_KNOWN:
                oldest = next(iter(self._engines))
                del self._engines[oldest]
                writes.append(SetFact(_fact(oldest), ""))
            writes.append(SetFact(KNOWN, json.dumps(list(self._engines))))
        await self._journal.commit(writes)

    # --- where this one is -------------------------------------------------------------------------

    async def settle(self) -> None:
        """Note that the engine is where its DID says, from now on if it was elsewhere."""
        before, here = self.place(), self._identities.engine
        if before.did == here:
            return
        prior = before.did or None
        since_s = max(self._now_ms() // 1000, before.since_s + 1) if prior else 0
        self._place = Place(here, prior, since_s)
        await self._journal.commit([SetFact(PLACE, json.dumps(asdict(self._place)))])

    def place(self) -> Place:
        """Since it was settled; before that, where the engine was when it last ran."""
        return self._place

    def _read_place(self) -> Place:
        kept = self._journal.fact(PLACE)
        return Place(Did("")) if kept is None else Place(**json.loads(kept))

    def untold(self) -> dict[str, Known]:
        """Who has not heard where this engine is now. Nobody, if it never was anywhere else."""
        place = self.place()
        if place.prior is None or place.did != self._identities.engine:
            return {}
        return {keys: known for keys, known in self._engines.items() if known.told != place.did}


class NotingEnvelopes:
    """`engine.ports.Envelopes`: those that are for the engine itself are noted as they are opened."""

    def __init__(self, envelopes: Envelopes, identities: Identities, whereabouts: Whereabouts) -> None:
        self._envelopes = envelopes
        self._identities = identities
        self._whereabouts = whereabouts

    async def open(self, envelope: bytes, now_s: int) -> Letter:
        letter = await self._envelopes.open(envelope, now_s)
        if letter.recipient is not None and self._identities.is_engine(letter.recipient):
            await self._whereabouts.note(letter)
        return letter

    async def close(self, message: Message, to: Did) -> bytes:
        return await self._envelopes.close(message, to)


def _fact(keys: str) -> str:
    return f"engine {keys}"
