"""Going back to the text that a ruleset had before.

An upgrade block may have changed the entity variables in between. Nobody can tell from here whether the
old text gets along with them, so whoever rolls back says which variables it is to find: those of now, or
those that it left behind. The latter are in the history; they come as the answer to a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.installation import put_in_force
from engine.core.model import EMPTY, FormerText, Inputs, InstalledRuleset, Rid
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import to_stored

KEEP = "keep"
RESTORE = "restore"


def roll_back(run: Run, rid: Rid, to: str, state: str | None) -> None:
    """Have a ruleset's previous text in force, which is to be `to`, on the variables of now (`keep`) or of
    then (`restore`)."""
    ruleset = run.draft.ruleset(rid)
    if ruleset is None:
        raise RuntimeFault("R605", f"Pico doesn't have {rid} installed.")
    if not ruleset.former:
        raise RuntimeFault("R607", f"{rid} has no earlier text here that it could be rolled back to")
    former, *older = ruleset.former
    if former.hash != to:
        raise RuntimeFault("R607", f"{rid} has got another text meanwhile; look again what is to be undone")
    if state not in (KEEP, RESTORE) and (former.upgraded or state is not None):
        what = "keep those of now, or restore the old ones?"
        raise RuntimeFault("R607", f"the upgrade of {rid} changed its entity variables: {what}")
    if state == RESTORE:
        _restore(run, rid, former)
    put_in_force(run, _previous(run, rid, former, tuple(older)))


def _previous(run: Run, rid: Rid, former: FormerText, older: tuple[FormerText, ...]) -> InstalledRuleset:
    inputs = Inputs(run.learned.time_ms, "")
    return InstalledRuleset(
        rid, former.url, former.hash, former.config, inputs, former.signed_by, former=older
    )


def _restore(run: Run, rid: Rid, former: FormerText) -> None:
    """Put the ruleset's variables back as they were right before the other text came."""
    found = run.learned.ask("variables", {"rid": rid, "seq": former.seq - 1})
    if "error" in found:
        raise RuntimeFault("R608", f"cannot restore the variables of {rid}: {found['error']}")
    then: Mapping[str, Any] = found["variables"]
    now = run.draft.entities.get(rid, EMPTY)
    for name in [name for name in now if name not in then]:
        run.draft.set_entity(rid, name, None)
    for name, value in then.items():
        if repr(now.get(name)) != repr(value):
            run.draft.set_entity(rid, name, to_stored(value, run.meter))
