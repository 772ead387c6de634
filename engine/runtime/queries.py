"""Running a query on a pico: at once, on its last committed state, whatever its mailbox is doing."""

from __future__ import annotations

from dataclasses import replace

from engine.core.messages import Answered, Asks, Failed, Fault, Query
from engine.core.model import Inputs, Pico
from engine.core.quarantine import healthy, set_aside_for_now
from engine.runtime.equipment import Equipment, Looked
from engine.runtime.mailbox import Mailbox
from engine.runtime.overruns import kind_of_query
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
        match await _answer(equipment, mailbox, pico, query, inputs):
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


async def _answer(equipment: Equipment, mailbox: Mailbox, pico: Pico, query: Query, inputs: Inputs) -> Looked:
    """Here, or in a worker if it is or lately was too much."""

    def answer_here() -> Looked:
        return equipment.kernel.answer(pico, query, inputs, mailbox.instances)

    kind = kind_of_query(query)
    if mailbox.overruns.take(kind):
        return await equipment.second_chance.answer(pico, query, inputs, answer_here)
    outcome = answer_here()
    if isinstance(outcome, Failed) and outcome.retry_bigger:
        mailbox.overruns.note(kind)
        return await equipment.second_chance.answer(pico, query, inputs, lambda: outcome)
    return outcome
