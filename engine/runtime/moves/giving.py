"""Blocks for whoever a pico is about to live with: as a stream, or as many as a message holds.

Nobody gets any but the engine that the attempt names, and none but those of the states in which the pico is
about to leave: what else is in the stores of this engine, other picos' states too, is nobody's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from engine.core import cars
from engine.core.blocks.errors import BlockError
from engine.core.cids import Cid
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.protocols import migration_goods
from engine.ports import Letter, StoreFailed
from engine.runtime.moves.cases import Case, Cases, name_of_engine
from engine.runtime.moves.office import Office
from engine.runtime.moves.streams import car_of_store
from engine.runtime.receipts import Handled, Streamed

log = structlog.get_logger("picomesh.moves")


class Giving:
    def __init__(self, office: Office, cases: Cases) -> None:
        self._office = office
        self._cases = cases
        self._post = office.post
        self._freight = office.freight

    async def give(self, letter: Letter) -> Handled:
        """Raises `NotAMove`."""
        body = migration_goods.body_of(letter.message, migration_goods.WANT)
        cids = list(dict.fromkeys(migration_goods.read_cids(body["cids"])))
        case = self._cases.get(body["did"])
        if case is None or letter.sender is None or not _goes_to(case, letter.sender, body):
            return Handled("denied")
        try:
            may_have = await self._freight.loading.blocks_of(body["did"], _root_of(case))
        except (StoreFailed, BlockError) as problem:
            log.warning("the blocks of a pico that leaves cannot be read", why=str(problem))
            return Handled("busy")
        if not cids or not all(cid in may_have for cid in cids):
            return Handled("denied")
        store = await self._freight.stores()
        question, sender = letter.message, letter.sender
        message = partial(self._in_message, question, sender, cids)
        return Handled(streamed=Streamed(cars.MEDIA_TYPE, partial(car_of_store, store, cids), message))

    async def _in_message(self, question: Message, to: Did, cids: list[Cid]) -> Message:
        blocks = await self._freight.loading.give(cids)
        told = self._post.write(to, migration_goods.BLOCKS, {"did": question.body["did"]}, question.id)
        return replace(told, attachments=(migration_goods.as_attachment(blocks),))


def _goes_to(case: Case, engine: Did, body: Mapping[str, Any]) -> bool:
    """Whether the pico is on its way to that engine, by the attempt that it names."""
    attempt = None if case.seat.source is None else case.seat.source.attempt
    if attempt is None or attempt.target != name_of_engine(engine):
        return False
    return attempt.order == (body["epoch"], body["attempt"])


def _root_of(case: Case) -> str:
    """Of the state that was handed over. Before that what stands there is of another move."""
    source = case.seat.source
    return "" if source is None or source.head is None else source.head.cid
