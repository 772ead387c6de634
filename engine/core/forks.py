"""A fork: a pico that begins as another one is or was, and is another one from then on.

It has an identity of its own: its id and all its channels are new, and whatever in its variables names
the old ones names the new ones instead, so that it cannot act as the pico it comes from. It has no
children, and neither timers nor wills are taken along: what they do would be done twice, and a fork that
is deleted must not tell anybody that the original is no more. Nor does it know anybody by DID: they know the
original, by keys that the fork does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.core.births import Newborn, expect_child, new_pico
from engine.core.codec import unpack_pico
from engine.core.messages import CreatePico
from engine.core.model import Channel, Eci, InstalledRuleset, Pico
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value, to_stored

FORKED = "forked"
"""The directive that tells the id of the fork."""

Names = Mapping[str, str]
"""What the original is called by, and what the fork is called by instead."""


def fork(run: Run, pico: str) -> None:
    """Make a child of this pico from the state of another, which is the answer to a question."""
    found = run.learned.ask("state", {"pico": pico})
    if "error" in found:
        raise RuntimeFault("R608", f"cannot fork {pico}: {found['error']}")
    original, newborn = unpack_pico(found["pico"]), expect_child(run)
    names = _new_names(run, original, newborn)
    channels = (replace(one, eci=Eci(names[one.eci])) for one in _channels_to_keep(original))
    bare = new_pico(newborn.pico, newborn.to_parent, [newborn.family, *channels])
    run.effects.append(CreatePico(_fill(run, bare, original, names)))
    run.directives.append({"type": "directive", "name": FORKED, "options": {"pico": newborn.pico}})


def _new_names(run: Run, original: Pico, newborn: Newborn) -> Names:
    # Channels that the fork does not have are renamed as well: better a name that leads nowhere.
    names: dict[str, str] = {eci: run.learned.chance.id() for eci in sorted(original.channels)}
    names[original.id] = newborn.pico
    if original.parent is not None:
        names[original.parent] = newborn.to_parent
    return names


def _channels_to_keep(original: Pico) -> list[Channel]:
    """Those that are no family matter: relatives of the original are none of the fork's."""
    channels = sorted(original.channels.values(), key=lambda channel: channel.eci)
    return [channel for channel in channels if channel.family is None]


def _fill(run: Run, bare: Pico, original: Pico, names: Names) -> Pico:
    def renamed(value: Value) -> Any:
        return _rename(to_stored(value, run.meter), names)

    return replace(
        bare,
        rulesets=tuple(_rename_ruleset(ruleset, names) for ruleset in original.rulesets),
        entities={rid: renamed(kept) for rid, kept in original.entities.items()},
        patterns={rid: renamed(states) for rid, states in original.patterns.items()},
        grants=original.grants,
    )


def _rename_ruleset(ruleset: InstalledRuleset, names: Names) -> InstalledRuleset:
    """What its global block once read is what it goes on with, under the new names. What texts it had
    before is the original's history and not the fork's."""
    answers = tuple(_rename(answer, names) for answer in ruleset.inputs.answers)
    return replace(
        ruleset,
        config=_rename(ruleset.config, names),
        inputs=replace(ruleset.inputs, answers=answers),
        former=(),
    )


def _rename(value: Value, names: Names) -> Any:
    """A value with every string that is one of these names replaced, as a key too."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {names.get(key, key): _rename(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_rename(item, names) for item in value]
    return value
