"""What it takes to run the newest turns of a pico again comes along with an export, or is said to lack."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from engine.adapters.keys import BlockCipher
from engine.core.blocks.errors import NotATree
from engine.core.blocks.heads import SignedHead
from engine.core.blocks.sealing import Keyring, SealedBlocks
from engine.core.blocks.state import State, StateTree
from engine.core.blocks.walks import on_blocks
from engine.core.cids import Cid, to_url
from engine.core.model import Rid, RulesetHash
from engine.core.records import state_id
from engine.runtime.earlier_states import TEXTS
from engine.runtime.exports import Exports
from engine.runtime.programs import text_hash
from engine.runtime.restoring import Restored
from engine.runtime.sealed_states import believe, open_tree
from engine.runtime.state_keys import OPENING, opened_with
from engine.runtime.walking import drive
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import KEYS, SILENT, House, opened
from tests.engine.runtime.test_restoring import BOXES, Everything, bare, copied, restoring

LATER = SILENT.replace('"written"', '"put down"')


class Exported:
    """A pico that was upgraded, wrote something, and was rolled back; and what an export has of it."""

    def __init__(self, house: House, signed: SignedHead, blocks: Everything, earlier: Cid | None) -> None:
        self.house = house
        self.signed = signed
        self.blocks = blocks
        self.earlier = earlier

    async def brought_to(self, other: House, earlier: Cid | None) -> Restored:
        opens = opened_with([KEYS.derive(OPENING)], BOXES)
        return await restoring(other).restore(self.signed.cid, self.blocks, opens, earlier=earlier)

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.house.seals.state_keys.known(self.house.root))

    async def forged(self, **other: Any) -> Cid:
        """The root of another earlier state that somebody who has the key has made."""
        assert self.earlier is not None
        state = replace(await open_tree(self.blocks, self.earlier, self.keyring, BlockCipher()), **other)
        sealed = SealedBlocks(self.keyring, BlockCipher())
        tree = StateTree(sealed, state.texts.__getitem__)
        walk = on_blocks(tree.write(state.head, state.beside), sealed)
        return await drive(walk, self.blocks, sealed)


async def exported() -> Exported:
    house = await opened(SILENT)
    await house.write("monday")
    await house.install(LATER)
    await house.write("tuesday")
    back = await house.host.roll_back(Rid("diary"), house.host.root_eci(), "keep")
    assert isinstance(back, dict), back
    await house.write("wednesday")
    signed = await house.seals.seal(house.root)
    blocks = await copied(house)
    exports = Exports(house.journal, blocks, blocks, BlockCipher())
    assert house.host.mail is not None
    believed = await believe(blocks, signed.cid, restoring(house)._trust)
    keys = house.seals.state_keys.known(house.root)
    export = await exports.prepare(house.root, believed, keys, None)
    return Exported(house, signed, blocks, export.earlier)


async def told_of(house: House, pico: str) -> tuple[Any, Any]:
    """Its replay, and its log."""
    histories = house.host.histories
    return await histories.replay(pico), await histories.log(pico, 100)


@in_loop
async def test_turns_of_texts_that_are_no_more_in_force_come_along(caplog: pytest.LogCaptureFixture) -> None:
    """Into a home with a root of its own, in which nobody knows what the pico was born as."""
    was, other = await exported(), await bare()
    caplog.clear()
    found = await was.brought_to(other, was.earlier)
    replay, log = await told_of(other, found.pico.id)
    assert (replay["repeated"], replay["lacking"]) == (found.pico.seq, {})
    assert (replay["refused"], replay["departure"], replay["state"]) == (None, None, state_id(found.pico))
    assert all("note" not in one and "rules" in one for one in log["events"])
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    await was.house.close()
    await other.close()


@in_loop
async def test_what_a_restore_without_them_lacks_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The text is named by what it is; whoever sends it has the turns run again."""
    was = await exported()
    other = House()
    await other.open()
    found = await was.brought_to(other, None)
    other.disk.facts["root_pico"], other.disk.facts["root_eci"] = found.pico.id, was.house.host.root_eci()
    caplog.clear()
    replay, log = await told_of(other, found.pico.id)
    text = to_url(text_hash(LATER))
    assert (replay["refused"], replay["departure"], replay["state"]) == (None, None, state_id(found.pico))
    assert replay["lacking"] != {}
    assert all(texts == [text] for texts in replay["lacking"].values())
    assert replay["repeated"] + len(replay["lacking"]) == found.pico.seq
    notes = {one["seq"]: one["note"] for one in log["events"] if "note" in one}
    assert set(map(str, notes)) == replay["lacking"].keys()
    assert all(f"has not got the text of {text}" in note for note in notes.values())
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    await other.host.stock.push(LATER)
    replay, _ = await told_of(other, found.pico.id)
    assert (replay["repeated"], replay["lacking"], replay["departure"]) == (found.pico.seq, {}, None)
    await was.house.close()
    await other.close()


@in_loop
async def test_turns_before_which_nothing_is_known_say_so() -> None:
    """A pico below nobody who is known, without its earlier state."""
    was, other = await exported(), await bare()
    found = await was.brought_to(other, None)
    replay, log = await told_of(other, found.pico.id)
    assert (replay["repeated"], replay["from"]) == (0, found.pico.seq)
    assert {one["note"] for one in log["events"]} == {"not run again: the state before it is not known here"}
    await was.house.close()
    await other.close()


@in_loop
async def test_an_earlier_state_that_does_not_fit_is_refused() -> None:
    """One from which the records do not follow, or with another text under a name; nothing is changed."""
    was, other = await exported(), await bare()
    assert was.earlier is not None
    state: State = await open_tree(was.blocks, was.earlier, was.keyring, BlockCipher())
    later = replace(state.head, chain="0" * 64)
    texts = {RulesetHash(text_hash(LATER)): SILENT}
    before = dict(other.disk.facts), set(other.disk.snapshots), set(other.disk.texts)
    for lie in (await was.forged(head=later), await was.forged(beside={TEXTS: texts})):
        with pytest.raises(NotATree):
            await was.brought_to(other, lie)
    with pytest.raises(NotATree):
        await was.brought_to(other, await was.forged(beside={}))
    assert (dict(other.disk.facts), set(other.disk.snapshots), set(other.disk.texts)) == before
    await was.brought_to(other, was.earlier)
    await was.house.close()
    await other.close()
