"""What people type at a prompt, evaluated on the committed state of a pico, which stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.inspection import Viewpoint
from engine.core.messages import Answered, Asks, Failed, Fault, Refusal
from engine.core.quarantine import healthy, set_aside_for_now
from engine.runtime.equipment import Equipment
from engine.runtime.mailbox import Mailbox
from engine.runtime.quarantines import explained
from engine.runtime.replies import LookReply
from pico_lang.diagnostics import RulesetRefused
from pico_lang.source import Source

LONGEST_TEXT = 100_000
"""Characters of all texts together. They are compiled while everybody waits."""

PROMPT = "<input>"
"""How places in the last text are named; those before it have a number."""


async def look_at(
    equipment: Equipment, mailbox: Mailbox, rid: str | None, texts: Sequence[str]
) -> LookReply | Refusal | Fault:
    """The value of the last text; each can mention what those before it declare."""
    if sum(map(len, texts)) > LONGEST_TEXT:
        return Refusal("too_large", f"the texts have more than {LONGEST_TEXT:,} characters together")
    pico = mailbox.committed
    digests = [ruleset.hash for ruleset in healthy(pico.rulesets)]
    if missing := equipment.programs.missing(digests):
        await equipment.programs.prepare(missing)
    viewpoint, named, inputs = Viewpoint(rid), name_texts(texts), equipment.draw_inputs()
    try:
        outcome = equipment.kernel.evaluate(pico, viewpoint, named, inputs)
        if isinstance(outcome, Failed) and outcome.unable:
            unable = explained(equipment, outcome.unable)
            mailbox.set_aside(unable)
            pico = set_aside_for_now(pico, unable, inputs.time_ms)
            outcome = equipment.kernel.evaluate(pico, viewpoint, named, inputs)
    except RulesetRefused as refused:
        return Refusal("uncompilable", str(refused))
    match outcome:
        case Answered(found, log):
            return LookReply(found["type"], found["value"], found["names"], log)
        case Failed(_, fault):
            return fault
        case Asks(question):
            return Fault("R607", f"a prompt asks nobody outside, and this needs an answer of {question.kind}")


def name_texts(texts: Sequence[str]) -> list[Source]:
    """The texts under the names by which messages call them."""
    *earlier, last = texts or [""]
    numbered = [Source(text, f"<input {number}>") for number, text in enumerate(earlier, 1)]
    return [*numbered, Source(last, PROMPT)]
