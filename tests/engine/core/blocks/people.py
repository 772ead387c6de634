"""A pico with something of everything, and trees of it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from engine.core.blocks.state import State, StateTree, read_state
from engine.core.cids import Cid
from engine.core.codec import Plain
from engine.core.model import (
    EMPTY,
    Asked,
    Channel,
    Child,
    Eci,
    FormerText,
    Inputs,
    InstalledRuleset,
    Invitation,
    Pico,
    PicoId,
    Policy,
    PolicyEntry,
    Quarantine,
    Relation,
    Rid,
    RulesetHash,
    Timer,
    Will,
    asked_key,
    relation_key,
)
from engine.core.records import Head
from tests.engine.core.blocks.shelf import Shelf

MOST = 1 << 28
CANARY = "canary-5e1f"
"""Stands in everything that nobody may read."""
TEXT = f"ruleset io.example.{CANARY} {{ }}\n"
DIGEST = RulesetHash(sha256(TEXT.encode()).hexdigest())
RID = Rid("io.example")
ECI = Eci(f"eci-{CANARY}")


def rich_pico(entities: Any = EMPTY) -> Pico:
    """Something in every field, with a large variable and one that has an order."""
    policy = Policy((PolicyEntry("*", CANARY),))
    config = {"zebra": 1.0, "ant": [True, None, CANARY]}
    former = (FormerText("file:a", DIGEST, {}, 3),)
    ruleset = InstalledRuleset(
        RID, f"https://{CANARY}.example", DIGEST, config, Inputs(5, "5eed", ({"a": 1},)), (), former,
        Quarantine(7, "R615", CANARY),
    )  # fmt: skip
    relation = Relation(ECI, CANARY, 8, None, {"me": "did:example:me", "peer": "did:example:ann"})
    values = {
        "last": {"10": "half \ud83d", "9": -0.0, "z": CANARY, "a": 1e300},
        "people": {f"person {number}": {"name": CANARY, "age": float(number)} for number in range(900)},
        "story": f"once upon a {CANARY} time " * 4000,
        "numbers": [float(number) for number in range(9000)],
    }
    return Pico(
        PicoId(f"pico-{CANARY}"),
        41,
        Eci("parent"),
        (Child(Eci("eci-child"), PicoId("child")),),
        {ECI: Channel(ECI, ("b", "a"), policy, policy), Eci("a"): Channel(Eci("a"), ())},
        (ruleset,),
        {RID: values, **entities},
        {RID: {"rule": {"state": [1, CANARY]}}},
        {"t2": _timer("t2"), "t1": _timer("t1")},
        grants={"http": True, CANARY: False},
        wills={RID: {"last": Will(RID, "last", ECI, "a", "b", {"to": CANARY})}},
        relations={relation_key(ECI, "did:example:ann"): relation},
        invitations={"i": Invitation("i", ECI, CANARY, 9, True, "did:example:ben")},
        asked={asked_key(ECI, CANARY): Asked(ECI, CANARY, "did:example:ann", CANARY, 10, 11)},
    )


def _timer(name: str) -> Timer:
    return Timer(name, RID, "at", 12, 12, ECI, "domain", "name", {"said": CANARY})


def rich_head(entities: Any = EMPTY) -> Head:
    return Head(rich_pico(entities), "cd" * 32)


BESIDE: Plain = {"handled": {f"message {number}": number for number in range(2000)}, "inbox": [CANARY]}


def tree_on(shelf: Shelf) -> StateTree:
    """The tree of a pico whose rulesets all have one text."""
    return StateTree(shelf.blocks, lambda _: TEXT)


def written(shelf: Shelf, head: Head, beside: Plain = EMPTY) -> Cid:
    """The root of a tree made from nothing."""
    return shelf.run(tree_on(shelf).write(head, beside))


def restored(shelf: Shelf, root: Cid) -> State:
    return shelf.run(read_state(root, MOST))
