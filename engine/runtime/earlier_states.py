"""The state before the newest records of a pico, as an export has it beside the head: where their turns begin
when they are run again, with every text that these need and the pico has no more.

A head proves nothing of it. What proves it is that the records follow from it, and each text its hash.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from engine.core.blocks.errors import NotATree
from engine.core.blocks.sealing import Aead, Keyring
from engine.core.blocks.state import State
from engine.core.cids import Cid, to_url
from engine.core.model import PicoId, RulesetHash
from engine.core.records import decode_record
from engine.ports import AppendRecord, BlockStore, Journal, KeepRuleset, SetFact, Write
from engine.runtime.past import beginning, pack_beginning
from engine.runtime.programs import text_hash
from engine.runtime.sealed_states import open_tree

TEXTS = "texts"
"""What is beside an earlier state: texts of rulesets that the turns after it learned of."""


def texts_beside(earlier: State) -> dict[RulesetHash, str]:
    """Those that turns after an earlier state need, with those of the state itself. Raises `NotATree`."""
    learned = earlier.beside.get(TEXTS)
    if not isinstance(learned, dict):
        raise NotATree("an earlier state without the texts that the turns after it learned of")
    for digest, text in learned.items():
        if not isinstance(text, str) or text_hash(text) != digest:
            raise NotATree(f"the text kept as {digest} is another one")
    return {**earlier.texts, **learned}


async def open_earlier(
    store: BlockStore, root: Cid, records: Sequence[AppendRecord], keyring: Keyring, aead: Aead, rest: float
) -> State:
    """The state that these records follow from. Raises `BlockError` and `StoreFailed`."""
    state = await open_tree(store, root, keyring, aead, rest)
    first = decode_record(records[0].body) if records else None
    if first is None or (state.head.pico.seq, state.head.chain) != (first.seq - 1, first.previous):
        raise NotATree(f"the records of pico {state.head.pico.id} do not follow from the earlier state")
    texts_beside(state)
    return state


def keep_earlier(
    journal: Journal, pico: PicoId, earlier: State | None, but: Container[RulesetHash]
) -> Iterator[Write]:
    """Where its records begin here, and the texts that these need and nobody else has brought."""
    if earlier is not None:
        yield SetFact(beginning(pico), pack_beginning(earlier.head))
        yield from _keep_texts(journal, texts_beside(earlier), but)
    elif journal.fact(beginning(pico)):
        yield SetFact(beginning(pico), "")  # it was here before, with other records


def _keep_texts(
    journal: Journal, texts: Mapping[RulesetHash, str], but: Container[RulesetHash]
) -> Iterator[Write]:
    """They are named by what they are: what is at the URLs that the records tell of is to be read anew by
    whoever installs from there."""
    for digest, text in texts.items():
        if digest not in but and journal.ruleset_text(digest) is None:
            yield KeepRuleset(digest, to_url(digest), text)
