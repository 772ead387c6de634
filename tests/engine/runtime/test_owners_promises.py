"""The log of a sealed pico promises its owners what it takes to go on as it elsewhere."""

from __future__ import annotations

import os
import time

import pytest

from engine.adapters.dids import (
    add_assents,
    approvals_to_json,
    assent,
    did_of_key,
    log_to_jsonl,
    request_from_json,
)
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import KeyBoxes, SeedKeys
from engine.commands.recovery import OwnersFile
from engine.core.blocks.keys_block import MOST_BOXES
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import Guard, KeptLog, OwnersKey
from engine.runtime.owners_promises import SPENT, Standing
from engine.runtime.pico_owners import PicoOwner, pack_owners
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.state_keys import OPENING
from tests.engine.adapters.dids.people import signer
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import House, opened

BOXES = KeyBoxes(os.urandom)


def owner(seed: bytes = b"o", hashes: int = 3) -> PicoOwner:
    return PicoOwner(
        BOXES.name(SeedKeys(seed * 32).derive(OPENING)),
        tuple(f"{seed.decode()}-{number}" for number in range(hashes)),
    )


async def name(house: House, *owners: PicoOwner) -> None:
    await house.seals.promises.name(pack_owners(owners))


def promised(house: House, pico: PicoId | None = None) -> frozenset[str]:
    log = LifelongLogs(house.keys)
    return log.promises(pico or house.root, kept(house, pico), 2_000_000_000).now


def kept(house: House, pico: PicoId | None = None) -> KeptLog:
    assert house.host.mail is not None
    found = house.host.mail.lives.kept(pico or house.root)
    assert found is not None
    return found


async def standing(house: House) -> list[tuple[bool, str | None]]:
    standings, _ = await house.seals.promises.standings(house.root)
    return [(one.is_promised, one.why) for one in standings]


@in_loop
async def test_sealing_has_the_log_promise_each_owner_a_key() -> None:
    """Once: the next seals write nothing in it. A pico that is born later is no exception."""
    house = await opened()
    await house.seals.seal(house.root)
    await name(house, owner(), owner(b"p"))
    await house.seals.seal(house.root)
    assert promised(house) == {"o-0", "p-0"}
    assert await standing(house) == [(True, None), (True, None)]
    log = kept(house)
    await house.write("monday")
    await house.seals.seal(house.root)
    assert kept(house) == log
    await house.close()


@in_loop
async def test_a_key_that_was_promised_before_is_not_promised_anew() -> None:
    """It may have signed, and is spent: the next one is. When all are spent it is said, and sealing goes
    on."""
    house = await opened()
    lives, logs = house.host.mail.lives, house.seals.promises  # type: ignore[union-attr]
    for expected in ("o-0", "o-1"):
        await name(house, owner(hashes=2))
        await house.seals.seal(house.root)
        assert promised(house) == {expected}
        assert await logs.withdraw(owner()) == {house.root: None}
        assert promised(house) == frozenset()
    await name(house, owner(hashes=2))
    await house.seals.seal(house.root)
    assert (await standing(house), promised(house)) == ([(False, SPENT)], frozenset())
    assert lives.kept(house.root) is not None
    await house.close()


@in_loop
async def test_what_people_have_the_log_promise_is_not_overruled() -> None:
    """A key that somebody has dropped comes back when its owner is named again, and no sooner."""
    house = await opened()
    await name(house, owner())
    await house.seals.seal(house.root)
    await house.seals.promises.withdraw(owner())
    await house.write("monday")
    await house.seals.seal(house.root)
    assert promised(house) == frozenset()
    await name(house, owner())
    await house.seals.seal(house.root)
    assert promised(house) == {"o-1"}
    await house.close()


@in_loop
async def test_keys_of_nobody_who_is_known_are_told_and_dropped() -> None:
    """Somebody's whom the log has promised a key, as by `did log --recovery-key`."""
    house = await opened()
    assert house.host.mail is not None
    await house.host.mail.lives.begin(Eci(house.root), "somebody-else")
    await name(house, owner())
    await house.seals.seal(house.root)
    standings, others = await house.seals.promises.standings(house.root)
    assert (standings, others) == ([Standing(house.seals.state_keys.owners.everybody()[0], True)], 1)
    assert await house.seals.promises.forget_others(house.root) == 1
    assert promised(house) == {"o-0"}
    assert await house.seals.promises.forget_others(house.root) == 0
    await house.close()


@in_loop
async def test_guardians_who_watch_are_not_passed_by() -> None:
    """Then the state is sealed for its owner, and it is said that the log does not promise the key."""
    house = await opened()
    mail = house.host.mail
    assert mail is not None
    await mail.lives.begin(Eci(house.root), None)
    people = tuple(did_of_key(signer(number).multikey) for number in (1, 2, 3))
    asked = await mail.guarding.ask(Eci(house.root), Guard(2, people, watching=True), "")
    assert not isinstance(asked, Refusal)
    request = request_from_json(asked["request"], time.time())
    request = add_assents(request, [assent(request, signer(number), time.time()) for number in (1, 2)])
    entries = log_to_jsonl([*request.log.entries, request.entry])
    more = KeptLog(entries, approvals_to_json(request.approvals))
    assert isinstance(await mail.lives.extend(Eci(house.root), more), dict)
    await name(house, OwnersFile(None, SeedKeys(b"f" * 32)).owner())  # type: ignore[arg-type]
    before = kept(house)
    signed = await house.seals.seal(house.root)
    ((is_promised, why),) = await standing(house)
    assert not is_promised
    assert "guardians have to approve" in str(why)
    assert kept(house) == before
    assert signed == house.seals.newest(house.root)
    await house.close()


@in_loop
async def test_beside_guardians_an_owner_is_a_party_that_goes_again() -> None:
    """Whoever is removed may neither sign nor approve."""
    house, file = await opened(), OwnersFile(None, SeedKeys(b"f" * 32))  # type: ignore[arg-type]
    mail, theirs = house.host.mail, file.owner()
    assert mail is not None
    await mail.lives.begin(Eci(house.root), None)
    people = tuple(did_of_key(signer(number).multikey) for number in (1, 2, 3))
    assert isinstance(await mail.guarding.guard(Eci(house.root), Guard(2, people)), dict)
    await name(house, theirs)
    await house.seals.seal(house.root)
    assert promised(house) == {theirs.hashes[0]}
    assert theirs.approving[1] in kept(house).lines.splitlines()[-1]
    assert await house.seals.promises.withdraw(theirs) == {house.root: None}
    assert promised(house) == frozenset()
    assert theirs.approving[1] not in kept(house).lines.splitlines()[-1]
    promise = OwnersKey(theirs.hashes[1], theirs.approving)
    assert isinstance(await mail.guarding.promise(Eci(house.root), promise), dict)
    await house.close()


@in_loop
async def test_who_has_more_owners_than_a_state_has_boxes_for_is_told() -> None:
    """Else it could be sealed, and never be read."""
    house = await opened()
    owners = [PicoOwner(BOXES.name(bytes([number]) * 32)) for number in range(MOST_BOXES - 1)]
    await house.journal.commit(house.seals.state_keys.owners.writes(house.root, owners))
    with pytest.raises(CannotSeal, match=f"{MOST_BOXES - 1} owners"):
        await house.seals.seal(house.root)
    await house.close()
