"""What happens when one text of a ruleset takes the place of another on a pico.

The new text's upgrade block for the version of the old one transforms the entity variables, and the pico
remembers the old text, so that it can be rolled back to. Both are part of the turn that installs.
"""

from __future__ import annotations

from engine.core.model import FormerText, InstalledRuleset
from engine.core.opening import Memory, Opening, program_of
from engine.core.run import Run


def upgrade(run: Run, old: InstalledRuleset, new: InstalledRuleset) -> bool:
    """Run the upgrade block that leads from the old text to the new one; whether it changed variables.

    It comes before the new text's global block, which is to see the new variables.
    """
    program = program_of(run, new)
    if old.hash == new.hash or not program.facts.upgrades:
        return False
    # Whether the old text can still be read depends on the engine, so the record has to say its version.
    answer = run.learned.ask("version", {"rid": old.rid, "hash": old.hash})
    version = answer.get("version")
    if not program.upgrades_from(version):
        if "error" in answer:
            reason = f"no upgrade block ran: the version of the old text is not known ({answer['error']})"
            run.write_log("warn", new.rid, reason)
        return False
    begun = len(run.draft.recorded)
    Opening(run, Memory()).upgrade(new, program, version)
    return len(run.draft.recorded) > begun


def remember(
    run: Run, old: InstalledRuleset, new: InstalledRuleset, upgraded: bool, most: int
) -> tuple[FormerText, ...]:
    """The texts that the new one can be rolled back to, as many of them as are kept."""
    if old.hash == new.hash:
        return old.former
    replaced = FormerText(old.url, old.hash, old.config, run.draft.seq + 1, old.signed_by, upgraded)
    return (replaced, *old.former)[:most]
