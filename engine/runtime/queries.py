"""Running a query on a pico: at once, on its last committed state, whatever its mailbox is doing."""

from __future__ import annotations

from dataclasses import replace

from engine.core.messages import Answered, Asks, Failed, Fault, Query
from engine.core.quarantine import healthy, set_aside_for_now
from engine.runtime.equipment import Equipment
from engine.runtime.mailbox import Mailbox
from engine.runtime.quarantines import explained
from engine.runtime.replies import QueryReply


async def run_query(equipment: Equipment, mailbox: Mailbox, query: Query) -> QueryReply | Fault:
    """What a query that was let in gives."""
    pico = mailbox.committed
    digests = [ruleset.hash for ruleset in healthy(pico.rulesets)]
    if missing := equipment.programs.missing(digests):
        await equipment.programs.prepare(missing)
    inputs = equipment.draw_inputs()
    while True:
        outcome = equipment.kernel.answer(pico, query, inputs, mailbox.instances)
        if isinstance(outcome, Failed) and outcome.retry_bigger:
            outcome = await equipment.second_chance.answer(pico, query, inputs, outcome)
        match outcome:
            case Answered(value):
                return QueryReply(value)
            case Failed(unable=found) if found:
                unable = explained(equipment, found)
                # It does not wait for the turn that puts this down.
                mailbox.set_aside(unable)
                pico = set_aside_for_now(pico, unable, inputs.time_ms)
            case Failed(_, fault):
                return fault
            case Asks(question):
                answer = await equipment.questions.answer(pico.id, question)
                inputs = replace(inputs, answers=(*inputs.answers, answer))
