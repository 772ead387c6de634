"""The first pico of an engine: its root, and a channel to it for the people whose engine it is."""

from __future__ import annotations

from engine.core.births import new_pico
from engine.core.model import Channel, Eci, Pico, PicoId
from engine.core.records import begin, encode_snapshot
from engine.ports import BirthPico, Entropy, SetFact, Write
from engine.runtime.outbox import NOTHING_YET, differences

ROOT_PICO = "root_pico"
ROOT_ECI = "root_eci"
"""Names of the facts that say which pico is the root and how to reach it."""

WRANGLER = "io.picolabs.wrangler"
WRANGLER_URL = f"library:{WRANGLER}"

ROOT_EQUIPMENT = "root_equipment"
"""Name of the fact that the root has been given what children are born with. That happens once: what its
owner takes away stays away."""
EQUIPMENT = ("io.picolabs.pico-engine-ui", "io.picolabs.pds", "io.picolabs.subscription")
BORN_WITH = (WRANGLER, *EQUIPMENT)
"""What a pico has from the beginning, in this order."""


def root_writes(entropy: Entropy) -> list[Write]:
    """Everything that makes a root pico, for one commit. It has no rulesets yet."""
    eci, pico = Eci(entropy.seed()), PicoId(entropy.seed())
    return [*_birth(newborn_root(pico, eci)), SetFact(ROOT_PICO, pico), SetFact(ROOT_ECI, eci)]


def newborn_root(pico: PicoId, eci: Eci) -> Pico:
    """A root pico as it is before its first turn. Its history begins with this, so it never changes."""
    return new_pico(pico, None, [Channel(eci, ("engine", "ui"))])


def _birth(pico: Pico) -> list[Write]:
    snapshot = encode_snapshot(begin(pico))
    return [BirthPico(pico.id, None, pico.seq, snapshot), *differences(NOTHING_YET, pico)]
