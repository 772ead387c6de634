"""What is wrong with blocks, heads and files of them, as commands tell it: each kind by its name."""

from __future__ import annotations

from engine.adapters.blocks import NotBlocks
from engine.adapters.keys import KeysUnusable
from engine.adapters.local.schema import JournalUnreadable
from engine.commands.failure import Failure
from engine.core.blocks.enclosures import NotAnExport
from engine.core.blocks.errors import (
    AlteredBlock,
    BlockError,
    BlockTooLarge,
    BrokenHeads,
    ForgedHead,
    MissingBlock,
    NewerFormat,
    OldHead,
    WrongKey,
)
from engine.core.blocks.heads import TwoHeads
from engine.core.cars import AlteredCar, BadCar, CarCut
from engine.core.codec import Unreadable
from engine.ports import JournalFailed, MissingBlocks, StoreFailed, StoreFull, WrongBytes
from engine.runtime.restoring import AlreadyHere

COPY = "take another copy of it; nothing was changed"
NAMES: tuple[tuple[type[Exception], str, str | None], ...] = (
    (CarCut, "cut short", COPY),
    (AlteredCar, "altered block", COPY),
    (BadCar, "no CAR file", "`picomesh export` writes one, and so does `ipfs dag export`"),
    (NotAnExport, "no export", "`picomesh export` writes one, and so does `ipfs dag export` of a head's CID"),
    (AlteredBlock, "altered block", COPY),
    (WrongBytes, "altered block", COPY),
    (MissingBlock, "missing block", "another copy, or another store, may have it; nothing was changed"),
    (
        TwoHeads,
        "two heads for one turn",
        "somebody ran the pico twice, or its keys were taken. Both are kept as evidence, which `picomesh "
        "history` shows; nothing else was changed",
    ),
    (OldHead, "old head", "ask for the newest one; nothing was changed"),
    (ForgedHead, "forged head", "take it from somebody else; nothing was changed"),
    (BrokenHeads, "broken chain of heads", "take it from somebody else; nothing was changed"),
    (AlreadyHere, "here already", "nothing was changed; --home names another home"),
    (
        WrongKey,
        "wrong key",
        "--key FILE takes an owner's key, or the engine.key of the engine that sealed it; "
        "the passphrase of an export goes into PICOMESH_EXPORT_PASSPHRASE",
    ),
    (NewerFormat, "newer format", "upgrade picomesh; nothing was changed"),
    (BlockTooLarge, "too large", None),
    (BlockError, "no sealed state", COPY),
    (StoreFull, "full", None),
    (StoreFailed, "store not usable", None),
    (KeysUnusable, "keys not usable", None),
    (JournalUnreadable, "journal not usable", None),
    (JournalFailed, "journal not usable", "make room on the disk; nothing was changed"),
    (NotBlocks, "blocks not usable", "move that file away: it is made again from the journal"),
    (Unreadable, "damaged history", "`picomesh replay ECI` names the record"),
)
"""The first that fits; `code` of the failure is the name with hyphens."""

WRONG = (BlockError, StoreFailed, KeysUnusable, JournalFailed, JournalUnreadable, NotBlocks, Unreadable)


def explained(problem: Exception) -> Failure:
    """A failure that begins with what the problem is called."""
    if isinstance(problem, MissingBlocks):
        problem = MissingBlock(problem.cids)  # which says the first of them
    for kind, name, hint in NAMES:
        if isinstance(problem, kind):
            return Failure(f"{name}: {problem}", hint, code=name.replace(" ", "-"))
    raise problem
