"""What `picomesh verify` looks at of a pico that lives in a home, besides its sealed state.

These are the heads that the journal remembers, every record of its history, and the blocks in IPFS nodes. The
engine of the home may run meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.commands.failure import Failure
from engine.commands.ipfs import opened_nodes
from engine.commands.open_home import OpenHome, heads_of
from engine.commands.progress import Tell
from engine.commands.rerunning import demand_same, replay_journal
from engine.config import Settings
from engine.core.blocks.heads import Evidence, check_chain
from engine.core.cids import Cid, cid_text
from engine.core.model import PicoId
from engine.core.records import decode_record, record_hash
from engine.ports import BlockStore, MissingBlocks, StoreFailed, WrongBytes
from engine.runtime.past import Past
from engine.runtime.sealed_states import measure
from engine.runtime.verification import Verified


@dataclass(frozen=True, slots=True)
class Living:
    """A pico in its home, and all that this has of it besides blocks."""

    home: OpenHome
    pico: PicoId


async def verify_living(living: Living, found: Verified, tell: Tell) -> dict[str, Any]:
    """What was checked, and found right. Raises `BlockError`, `StoreFailed`, `Unreadable` and `Failure`."""
    heads = heads_of(living.home)
    remembered = await heads.history(living.pico)
    check_chain(remembered)
    first, last = await _check_records(living)
    return {
        "heads": max(found.heads, len(remembered)),
        "evidence": [_evidence(one) for one in heads.evidence(living.pico)],
        "history": {"from": first, "to": last},
        "stores": [await _look_into(*node, found, tell) for node in _nodes(living.home.settings)],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    says = evidence.heads[0].head
    heads = [cid_text(one.cid) for one in evidence.heads]
    return {"by": list(evidence.by), "epoch": says.epoch, "turn": says.sequence, "heads": heads}


# --- its history -----------------------------------------------------------------------------------


async def _check_records(living: Living) -> tuple[int, int]:
    """The numbers of the first and the last record: each names the hash of the one before, the first what the
    pico was before it, and the journal has noted the hash of the last."""
    journal, pico = living.home.journal, living.pico
    past = Past(journal)
    end, start = journal.end(pico), await past.beginning(pico)
    last = 0 if end is None else end[0]
    chain = None if start is None else start.chain
    number = first = past.first_record(pico)
    async for body in past.records(pico, first, last):
        record = decode_record(body)
        if record.seq != number:
            raise _broken(number, "it is missing")
        if chain not in (None, record.previous):
            raise _broken(number, "it does not follow from the one before it")
        number, chain = number + 1, record_hash(body)
    if number <= last:
        raise _broken(number, "it is missing")
    if end is not None and chain not in (None, end[1]):
        raise _broken(last, "it is not the record that was written: its hash was another")
    return first, last


def _broken(number: int, why: str) -> Failure:
    return Failure(f"broken history: record {number}: {why}", code="broken-history")


async def replay_living(settings: Settings, living: Living, found: Verified) -> dict[str, Any]:
    """All turns of a pico from its birth on, run again from the journal; and whether the state that was
    sealed is one that they led to."""
    sealed = found.believed.signed.head.sequence
    told, ids = await replay_journal(settings, living.home.journal, living.pico, sealed)
    again = demand_same(told, ids.newest)
    if found.opened is not None and ids.then not in (None, found.opened.state_id):
        raise Failure(
            f"another outcome: after turn {sealed} the state was {ids.then} by the journal, and what was "
            f"sealed is {found.opened.state_id}",
            code="another-outcome",
        )
    return again


# --- other stores ----------------------------------------------------------------------------------


def _nodes(settings: Settings) -> Sequence[tuple[str, BlockStore]]:
    return opened_nodes(settings) if settings.ipfs_api.addresses else ()


async def _look_into(url: str, node: BlockStore, found: Verified, tell: Tell) -> dict[str, Any]:
    """All blocks of the newest head that a node has pinned, each hashed. One that does not answer is told and
    ends nothing."""
    head: Cid = found.believed.signed.cid
    told: dict[str, Any] = {"store": url, "has": False, "blocks": 0, "bytes": 0, "problem": None}
    try:
        if head in await node.roots():
            size = await measure(node, [head], lambda _, size: tell(f"checking {url}", size, 0))
            told |= {"has": True, "blocks": size.blocks, "bytes": size.bytes}
    except (WrongBytes, MissingBlocks) as problem:
        name = "altered block" if isinstance(problem, WrongBytes) else "missing block"
        said = f"{name}: {url} has {cid_text(min(problem.cids))} no more as it was put there"
        hint = "the engine puts it there again when it finds that the pin is gone: `ipfs pin rm` of the head"
        raise Failure(said, hint, code=name.replace(" ", "-")) from None
    except StoreFailed as problem:
        told["problem"] = problem.reason
    finally:
        await node.close()
    return told
