"""How picos come to be and cease to be, and the channels that tie relatives together.

A child is made whole inside its parent's turn (channels, rulesets, global blocks run) and begins to
exist with that turn's commit. Only what ids it needs comes from the turn's recorded chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.core.installation import install
from engine.core.messages import CreatePico, DeletePico
from engine.core.model import Channel, Child, Eci, Grants, Pico, PicoId
from engine.core.policy import RESERVED_TAG
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value

Wish = tuple[str, Mapping[str, Value]]
"""A ruleset that a new pico is to have: its URL, and how it is configured."""

MOST_CHANNELS = 20_000
"""That one pico may have; each child takes one. They are part of the pico wherever it is written as a whole,
and a pico that takes a second to write keeps the others waiting."""

MOST_CHANNELS_AT_BIRTH = 100
"""That a parent may give a child; it can make more itself."""

STEPS_OF_A_CHANNEL = 10
"""What giving a child one costs."""

STEPS_OF_A_BIRTH = 100
"""What making a pico costs: ids, channels, a longer list of children."""


def new_pico(pico: PicoId, parent: Eci | None = None, channels: Iterable[Channel] = ()) -> Pico:
    """A pico with nothing but its channels: the one it addresses itself by, and the given ones."""
    own = Channel(Eci(pico), (RESERVED_TAG, "self"), family=pico)
    return Pico(pico, parent=parent, channels={one.eci: one for one in (own, *channels)})


def new_eci(run: Run) -> Eci:
    """What a new channel of the pico shall be called, if it may have one more."""
    if len(run.draft.channels) >= MOST_CHANNELS:
        raise RuntimeFault("R607", f"this pico has {MOST_CHANNELS:,} channels, and may have no more")
    return Eci(run.learned.chance.id())


@dataclass(frozen=True, slots=True)
class Newborn:
    """A child that its parent knows already, and the channels by which each reaches the other."""

    pico: PicoId
    family: Channel
    """The child's, for its parent."""
    to_parent: Eci


def expect_child(run: Run) -> Newborn:
    """Have the pico of this run know a child that is about to be made."""
    run.meter.charge(STEPS_OF_A_BIRTH)
    chance = run.learned.chance
    child_id, to_child, to_parent = PicoId(chance.id()), Eci(chance.id()), new_eci(run)
    run.draft.put_channel(Channel(to_parent, (RESERVED_TAG, "parent"), family=child_id))
    run.draft.add_child(Child(to_child, child_id))
    family = Channel(to_child, (RESERVED_TAG, "child"), family=run.draft.id)
    return Newborn(child_id, family, to_parent)


def new_eci_of_child(run: Run) -> Eci:
    """What a channel shall be called that a child is born with."""
    run.meter.charge(STEPS_OF_A_CHANNEL)
    return Eci(run.learned.chance.id())


def make_child(
    run: Run, rulesets: Iterable[Wish], without: Iterable[str] = (), channels: Sequence[Channel] = ()
) -> Eci:
    """Make a child with these rulesets and channels, that may not use these modules; the channel by which
    the parent reaches it."""
    wishes = list(rulesets)
    if run.meter.steps >= STEPS_OF_A_BIRTH and len(run.draft.channels) < MOST_CHANNELS:
        # Nothing fails before that is asked anyway, and to make room in a family of thousands takes long.
        run.learned.ask_early(url for url, _ in wishes)
    newborn = expect_child(run)
    # It may use no more than its parent may: what a pico is not granted it cannot do by having children.
    grants = {**run.draft.grants, **dict.fromkeys(without, False)}
    run.effects.append(CreatePico(_make_whole(run, newborn, wishes, grants, channels)))
    return newborn.family.eci


def _make_whole(
    run: Run, newborn: Newborn, wishes: Sequence[Wish], grants: Grants, channels: Sequence[Channel]
) -> Pico:
    bare = new_pico(newborn.pico, newborn.to_parent, [newborn.family, *channels])
    making = run.for_child(replace(bare, grants=grants))
    run.learned.expect_rulesets([url for url, _ in wishes])
    for url, config in wishes:
        install(making, url, config)
    run.log.extend(making.log)
    return making.draft.finish(seq=0)


def delete_child(run: Run, eci: str) -> None:
    """Let go of a child, named by its family channel, and of everything below it."""
    child = next((one for one in run.draft.children if one.eci == eci), None)
    if child is None:
        raise RuntimeFault("R607", f"{eci} is not the channel of a child of this pico")
    run.meter.charge(len(run.draft.channels))
    run.draft.remove_child(child.pico)
    for channel in [one for one in run.draft.channels.values() if one.family == child.pico]:
        run.draft.remove_channel(channel.eci)
    run.effects.append(DeletePico(child.pico))
