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


def root_writes(entropy: Entropy) -> list[Write]:
    """Everything that makes a root pico, for one commit. It has no rulesets yet."""
    channel = Channel(Eci(entropy.seed()), ("engine", "ui"))
    root = new_pico(PicoId(entropy.seed()), None, [channel])
    return [*_birth(root), SetFact(ROOT_PICO, root.id), SetFact(ROOT_ECI, channel.eci)]


def _birth(pico: Pico) -> list[Write]:
    snapshot = encode_snapshot(begin(pico))
    return [BirthPico(pico.id, None, pico.seq, snapshot), *differences(NOTHING_YET, pico)]
