"""What a turn asks of the web: once, under a key, and never again for a turn that is recorded."""

from __future__ import annotations

from engine.core.kernel import react
from engine.core.messages import Done
from engine.core.model import Pico, PicoId
from engine.core.records import decode_record, decode_snapshot, fold
from engine.runtime.genesis import ROOT_PICO
from engine.runtime.programs import CompiledPrograms
from engine.runtime.replies import EventReply
from pico_lang.meter import Budget
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shop import Bank, ask, compile_once, send, shop, start
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.web import FakeWeb


@in_loop
async def test_a_rule_goes_on_with_what_it_was_told() -> None:
    """Each payment arrives once, under a key of its own."""
    bank = Bank()
    host = await start(MemoryJournal(await shop()), FakeWeb(bank))
    assert isinstance(await send(host, "shop:pay"), EventReply)
    assert [payment.body for payment in bank.payments] == ["first", "payment 1"]
    assert len(set(bank.keys)) == 2
    seen = await ask(host, "seen")
    assert (seen["paid"], seen["said"]) == (1.0, "payment 2")


@in_loop
async def test_a_query_asks_too() -> None:
    """And does not disturb a turn that waits."""
    bank = Bank()
    host = await start(MemoryJournal(await shop()), FakeWeb(bank))
    assert await ask(host, "price", of="tea") == "the price after 0 payments"
    assert bank.payments == []


@in_loop
async def test_a_recorded_turn_is_run_again_without_the_web() -> None:
    """From the record alone, with the same outcome."""
    journal, web = MemoryJournal(await shop()), FakeWeb(Bank())
    host = await start(journal, web)
    pico = PicoId(journal.fact(ROOT_PICO) or "")
    before = state(journal, pico)
    await send(host, "shop:pay")
    asked = len(web.requests)
    (body,) = journal.records(pico, before.seq + 1, before.seq + 1)
    outcome = react(before, decode_record(body).turn, CompiledPrograms(journal, compile_once), Budget())
    assert isinstance(outcome, Done)
    assert outcome.pico == state(journal, pico)
    assert len(web.requests) == asked == 3


def state(journal: MemoryJournal, pico: PicoId) -> Pico:
    stored = journal.load(pico)
    assert stored is not None
    return fold(decode_snapshot(stored.snapshot), stored.records).pico
