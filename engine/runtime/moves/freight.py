"""The state of a pico on its way: made into blocks where it leaves, fetched and checked where it comes to."""

from __future__ import annotations

from engine.core.blocks.sealing import Aead
from engine.ports import Journal
from engine.runtime.captures import Captures
from engine.runtime.moves.fetching import Fetching
from engine.runtime.moves.loading import Loading, NameChannels, OwnersOf, Stores
from engine.runtime.moves.small_freight import SmallFreight


class Freight:
    def __init__(
        self,
        journal: Journal,
        captures: Captures,
        stores: Stores,
        aead: Aead,
        owners_of: OwnersOf,
        named: NameChannels,
    ) -> None:
        self.stores = stores
        self.small = SmallFreight(journal, aead)
        self.loading = Loading(journal, captures, stores, aead, owners_of, named, self.small)
        self.fetching = Fetching(stores, aead)
