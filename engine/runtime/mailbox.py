"""One pico that is awake: its requests, its newest state, and its turns, one after the other.

Turns are pipelined. The next one runs on the state the last one left in memory while the disk still
works on the record of that; nobody outside hears of a turn before its own record is durable, and
records become durable in order, so a crash can only lose turns that nobody was told about.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future, Task
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from engine.core.dids import names_a_did
from engine.core.failures import fail_turn
from engine.core.messages import (
    Asks,
    Done,
    Effect,
    Event,
    Failed,
    Fault,
    LogLine,
    Outcome,
    Question,
    Refusal,
    Turn,
    Unable,
)
from engine.core.model import EMPTY, EventId, Inputs, Pico, PicoId, RulesetHash
from engine.core.policy import UPKEEP
from engine.core.programs import Instances
from engine.core.quarantine import healthy, quarantined
from engine.core.records import Head, encode_request, seal
from engine.ports import AppendRecord, JournalFailed, KeepTurn, Write
from engine.runtime.courtesy import LONG_S, Dues, Metered, Stints, beside
from engine.runtime.equipment import Equipment
from engine.runtime.handled_ids import Digests, brought
from engine.runtime.overruns import Kind, Overruns, kind_of
from engine.runtime.preparation import Prepared, is_long, prepare
from engine.runtime.quarantines import (
    explained,
    releasing,
    report_quarantined,
    report_unable,
    setting_aside,
)
from engine.runtime.replies import Reply, not_known, reply_to
from engine.runtime.request import Request
from engine.runtime.snapshots import Snapshots
from engine.runtime.unsaved import Unsaved

logger = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Requests that may wait in one mailbox. Past it senders are told to come back later."""
OWN_MISTAKE = "the engine made a mistake; its own log says more"

MOST_AHEAD = 64
"""Turns that may run ahead of the disk. Others' commits come after those that are on their way already, so
more would have them wait for longer, and would not make this pico any faster."""

MOST_AHEAD_FOR_PICOS = 2
"""The same when the next event was sent by a pico, perhaps by this one to itself and without end. Nobody
from outside waits for it, and its neighbours shall not notice."""

HANDY = 256 << 10
"""Bytes of a pico for which a worker is a way out, when its turns take so long that it would have to wait
after each. A larger one is handed over in the time in which most of its turns are over."""

HANDING_OVER_S = 8e-9
"""That it takes a thread to give a byte of a pico to a worker."""
LIMITS = "R70"
"""How the codes begin of turns that are ended because they use too much of something."""
READING_S = 8e-6
"""That it takes a thread to read an effect or a change that a worker reports."""


class Posting(Protocol):
    """The effects of one turn, ready to go out together with its record."""

    writes: list[Write]

    def dispatch(self, durable: Future[None]) -> None:
        """The writes are with the journal now: let those concerned know."""


class Outbox(Protocol):
    """See `engine.runtime.outbox`."""

    def why_too_much(self, effects: Sequence[Effect]) -> Fault | None:
        """Why what a turn wants to send may not be sent, or None."""

    def post(
        self, sender: Mailbox, before: Pico, outcome: Done | Failed, bodies: Mapping[EventId, bytes] = EMPTY
    ) -> Posting | None:
        """What a turn leads to outside its pico; None when nothing. `bodies` are events that are bytes
        already."""

    def find_rest(self, pico: PicoId, found: tuple[int, int]) -> None:
        """Messages that an earlier run of the engine has left; a pico that has some is told so at its making.
        Raises `Unreadable`."""

    async def deliver_rest(self, pico: PicoId) -> None:
        """Return when all that its last turn sent is on its way: see `engine.runtime.rests`."""

    def note_idle(self, mailbox: Mailbox) -> None:
        """A mailbox has nothing left to do."""

    def note_held(self, pico: PicoId) -> None:
        """An event was put into the mailbox of a pico that is still."""

    def why_elsewhere(self, pico: PicoId) -> Refusal | None:
        """What is said of a pico that has moved away."""

    def settled(self, pico: Pico, event: Event | None, reply: Reply | None) -> None:
        """A turn of that event is durable, or a pico that was born."""


class Mailbox:
    """A pico in memory. `head` is its newest state, `committed` the newest that is durable."""

    __slots__ = (
        "_commits_under_way",
        "_computing",
        "_dues",
        "_earlier",
        "_epoch",
        "_equipment",
        "_is_enlisted",
        "_is_still",
        "_outbox",
        "_pause",
        "_queue",
        "_released",
        "_reported",
        "_rested",
        "_saving",
        "_slow",
        "_snapshots",
        "_stints",
        "committed",
        "head",
        "id",
        "instances",
        "is_gone",
        "overruns",
        "pending",
    )

    def __init__(
        self,
        head: Head,
        committed: Pico,
        equipment: Equipment,
        outbox: Outbox,
        unsaved: Unsaved,
        has_rest: bool = False,
        is_still: bool = False,
        epoch: int = 0,
    ) -> None:
        self.id: PicoId = head.pico.id
        self._earlier: Digests | None = None
        self._epoch = epoch
        """In which its turns are recorded, if the journal still takes any of that."""
        self.head = head
        self.committed = committed
        self.instances: Instances[Any] = Instances()
        self.pending: dict[EventId, Request] = {}
        """Kept requests by the id of their event, until they are committed."""
        self.is_gone = False
        self.overruns = Overruns()
        self._slow = Overruns()
        """Kinds of turn that took long to commit: their bytes are made beside the loop."""
        self._dues = Dues(self.id, equipment.company)
        self._computing = Dues(self.id, equipment.company, LONG_S)
        """What a worker could take off it."""
        self._equipment = equipment
        self._outbox = outbox
        self._queue: deque[Request] = deque()
        self._pause: Task[None] | None = None
        self._stints = Stints(self.id, equipment.company)
        self._is_enlisted = False
        self._is_still = is_still
        self._commits_under_way = 0
        self._snapshots = Snapshots(unsaved, equipment.journal, head.pico.seq)
        self._saving: Task[None] | None = None
        self._rested: list[Future[None]] = []
        self._reported: set[Unable] = set()
        self._released: Future[None] | None = None
        """Done when those that can be are out of quarantine; None if none was in it as the pico woke."""
        self._prepare(has_rest)

    # --- requests ---

    def has_handled_long_ago(self, eid: EventId) -> bool:
        """An event that has no record here: it was handled before the pico came to this engine."""
        if self._earlier is None:
            self._earlier = brought(self._equipment.journal, self.id)
        return eid in self._earlier

    def take(self, request: Request) -> None:
        """Let a request wait for its turn. One whose event waits already is not taken again."""
        if self._is_still and (refusal := self._outbox.why_elsewhere(self.id)) is not None:
            self._turn_away(request, refusal)
            return
        if request.is_kept:
            if request.event.eid in self.pending:
                return
            self.pending[request.event.eid] = request
        self._queue.append(request)
        self._enlist()

    def _turn_away(self, request: Request, refusal: Refusal) -> None:
        """What is in the inbox is sent on. Whoever waits is about to begin with that."""
        if request.is_kept:
            self._outbox.note_held(self.id)
        asyncio.get_running_loop().call_soon(request.answer, refusal)

    # --- keeping still ---

    @property
    def is_still(self) -> bool:
        """Whether the pico takes no turns, as before it moves to another engine. What comes for it waits."""
        return self._is_still

    def keep_still(self) -> None:
        """Take no further turn. The one under way ends or, where it waits for an answer, is left to be run
        again; `wait_rested` returns when it has."""
        self._is_still = True

    @property
    def held_bytes(self) -> int:
        """That the pico holds, at the most."""
        return self._snapshots.held

    def go_on(self) -> None:
        """Take turns again."""
        self._epoch = self._equipment.journal.epoch(self.id) or 0
        self._is_still = False
        self._enlist()

    def depart(self, refusal: Refusal) -> None:
        """The pico lives elsewhere from now on: whoever waits for a turn here waits in vain. What is kept is
        sent on."""
        waiting, self._queue = self._queue, deque()
        self.pending.clear()
        for request in waiting:
            request.answer(refusal)

    @property
    def waiting(self) -> int:
        """Events that were taken and wait for their turn."""
        return len(self._queue)

    @property
    def room(self) -> int:
        """Events that may still be put here."""
        return MOST_WAITING - len(self._queue)

    @property
    def is_full(self) -> bool:
        return self.room <= 0

    @property
    def is_idle(self) -> bool:
        """Nothing waits that could run, nothing runs, or is on its way to the disk."""
        can_wait = not self._queue or self._is_still
        return can_wait and self._pause is None and self._commits_under_way == 0

    @property
    def is_needless(self) -> bool:
        """Whether nothing is lost if it is let go: all that it has is in the journal."""
        return self.is_idle and not self._queue

    async def wait_rested(self) -> None:
        """Return when there is nothing left to do."""
        while not self.is_idle:
            rested: Future[None] = asyncio.get_running_loop().create_future()
            self._rested.append(rested)
            await rested

    def end(self) -> None:
        """The pico was deleted: whatever still waits will not be run."""
        self.is_gone = True
        waiting, self._queue = self._queue, deque()
        for request in waiting:
            self._drop(request)

    def _drop(self, request: Request) -> None:
        self.pending.pop(request.event.eid, None)
        request.answer(Refusal("unknown", "the pico was deleted before it could handle the event"))

    # --- turns ---

    @property
    def _can_run(self) -> bool:
        if not self._queue or self._pause is not None or self._is_still:
            return False
        sender = self._queue[0].event.sender
        is_own_affair = sender is not None and not names_a_did(sender)
        return self._commits_under_way < (MOST_AHEAD_FOR_PICOS if is_own_affair else MOST_AHEAD)

    def _enlist(self) -> None:
        if not self._is_enlisted and self._can_run:
            self._is_enlisted = True
            self._equipment.rota.enlist(self.take_turn)

    def take_turn(self) -> bool:
        """Run the request that has waited longest; whether another can follow at once."""
        try:
            if self._can_run:
                self._take_turn_or_wait()
        finally:
            self._is_enlisted = self._can_run
        return self._is_enlisted

    def _take_turn_or_wait(self) -> None:
        waiting, is_own = len(self._queue), self._queue[0].event.sender == self.id
        if wait_s := self._dues.wait_s() or self._stints.rest_s(waiting, is_own):
            self._pause_for(asyncio.sleep(wait_s))
            return
        self._equipment.company.note(self.id)
        self._dues.measure(partial(self._run_or_own_up, self._queue.popleft()))

    def _run_or_own_up(self, request: Request) -> None:
        """A bug on the way to the disk is told to those who wait, and let out; nothing was recorded, so
        an event in the inbox runs at the next start."""
        try:
            self._run(request)
        except Exception:
            self._own_up(request)
            raise

    def _own_up(self, request: Request) -> None:
        self.pending.pop(request.event.eid, None)
        request.answer(Fault("R699", OWN_MISTAKE))

    def _run(self, request: Request) -> None:
        if request.inputs is None:
            request.inputs = self._equipment.draw_inputs()
        turn = Turn(request.event, request.inputs, request.query)
        kind = kind_of(turn)
        if self.overruns.take(kind):
            self._pause_for(self._run_elsewhere(request, turn, partial(self._react, turn)))
            return
        match self._try(turn, kind):
            case Asks(question):
                self._pause_for(self._ask(request, request.inputs, question))
            case Failed(retry_bigger=True) as failed:
                self._pause_for(self._run_elsewhere(request, turn, lambda: failed))
            case outcome if is_long(outcome) or self._slow.take(kind):
                self._pause_for(self._conclude_long(request, turn, outcome))
            case outcome:
                processor_s = self._equipment.company.processor_s
                start_s = processor_s()
                self._conclude(request, turn, outcome)
                if processor_s() - start_s > LONG_S:
                    self._slow.note(kind)

    def _try(self, turn: Turn, kind: Kind) -> Outcome:
        """Run a turn here. The next of its kind may be better off in a worker."""
        processor_s = self._equipment.company.processor_s
        start_s = processor_s()
        outcome = self._react(turn)
        self._computing.charge(taken_s := processor_s() - start_s)
        is_better_off = taken_s > LONG_S and self._snapshots.held < HANDY and self._computing.are_pressing
        if is_better_off or (isinstance(outcome, Failed) and outcome.retry_bigger):
            self.overruns.note(kind)
        return outcome

    def _react(self, turn: Turn) -> Outcome:
        try:
            return self._equipment.kernel.react(self.head.pico, turn, self.instances)
        except Exception:
            return self._own_mistake(turn)

    def _own_mistake(self, turn: Turn) -> Failed:
        """A bug of ours is committed like a failure of the ruleset, so that the queue moves on."""
        logger.exception("the engine failed on %s of pico %s", turn.event, self.id)
        self.instances = Instances()  # whatever state the bug left them in
        fault = Fault("R699", OWN_MISTAKE)
        return fail_turn(self.head.pico, turn, fault)

    def _stop(self, turn: Turn, fault: Fault) -> Failed:
        """A limit of the shell ends the turn. The pico's rules are not told: that would be one event more."""
        log = LogLine("error", "", None, fault.message, fault.code)
        return fail_turn(self.head.pico, turn, fault, (log,))

    # --- pauses: what a turn has to wait for ---

    def _pause_for(self, wait: Coroutine[Any, Any, None]) -> None:
        self._pause = asyncio.get_running_loop().create_task(self._resume_after(Metered(wait, self._dues)))

    async def _resume_after(self, wait: Metered) -> None:
        self._equipment.company.compute_for(self.id)
        try:
            await wait
        except GeneratorExit:  # the loop is gone, and nobody goes on
            raise
        except BaseException:
            self._resume()
            raise
        self._resume()

    def _resume(self) -> None:
        self._pause = None
        self._enlist()
        self._rest_if_idle()

    async def _ask(self, request: Request, inputs: Inputs, question: Question) -> None:
        """Get the answer and have the same turn run again, before any other."""
        try:
            request.inputs = await self._learn(request, inputs, question)
        except JournalFailed as problem:
            self.pending.pop(request.event.eid, None)
            request.answer(not_known(problem))
            return
        if self.is_gone:
            self._drop(request)
        else:
            self._queue.appendleft(request)

    async def _learn(self, request: Request, inputs: Inputs, question: Question) -> Inputs:
        """What the turn knows with the answer.

        Where getting that does something in the world, the turn is on disk before, so that after a crash
        it asks the same under the same key again, and the answer is on disk before anything follows.
        """
        if question.acts:
            if self._may_act():
                await self._keep(request, inputs)
            if self.is_gone or not self._may_act():
                return inputs  # and nothing is done in the world by a pico that lives elsewhere
        answer = await self._equipment.questions.answer(self.id, question)
        learned = replace(inputs, answers=(*inputs.answers, answer))
        if question.acts:
            await self._keep(request, learned)
        return learned

    async def _keep(self, request: Request, inputs: Inputs) -> None:
        """Make a turn that has begun durable, with all turns before it."""
        if self.is_gone:
            return  # or something of the pico would be in the journal after its removal
        request.is_kept = True
        self.pending[request.event.eid] = request
        body = encode_request(request.event, request.query, inputs)
        await self._equipment.journal.commit([KeepTurn(self.id, request.event.eid, body)])

    async def _run_elsewhere(self, request: Request, turn: Turn, first: Callable[[], Outcome]) -> None:
        """Have the turn run with a bigger budget, which takes its time but not the engine's."""
        try:
            self._dues.charge_beside(self._snapshots.held * HANDING_OVER_S)
            outcome = await self._equipment.second_chance.react(self.head.pico, turn, first)
        except Exception:
            outcome = self._own_mistake(turn)
        if self.is_gone:
            self._drop(request)
        elif isinstance(outcome, Asks):
            await self._ask(request, turn.inputs, outcome.question)
        else:
            self._dues.charge_beside((len(outcome.effects) + len(outcome.changes)) * READING_S)
            await self._conclude_long(request, turn, outcome)

    async def _conclude_long(self, request: Request, turn: Turn, outcome: Done | Failed) -> None:
        """Commit a turn that sends or changes so much that writing it down would keep everybody waiting."""
        prepared = None
        try:
            if self._outbox.why_too_much(outcome.effects) is None:
                prepared = await beside(self._dues, prepare, self.head, turn, outcome)
            if self.is_gone:
                self._drop(request)
            else:
                self._conclude(request, turn, outcome, prepared)
        except Exception:
            self._own_up(request)
            raise
        await self._outbox.deliver_rest(self.id)

    def _prepare(self, has_rest: bool) -> None:
        """Before the first turn: deliver what the last one sent, have rulesets compiled off the loop, and see
        whether those in quarantine can be let out, as this may be another version of the engine."""
        rulesets = self.head.pico.rulesets
        digests: list[RulesetHash] = [ruleset.hash for ruleset in healthy(rulesets)]
        missing = self._equipment.programs.missing(digests)
        if any(quarantined(rulesets)):
            self._released = asyncio.get_running_loop().create_future()
            self._pause_for(self._get_ready(missing, self._released))
        elif missing or has_rest:
            self._pause_for(self._get_going(missing))

    async def _get_going(self, missing: Sequence[RulesetHash]) -> None:
        await self._outbox.deliver_rest(self.id)
        if missing:
            await self._equipment.programs.prepare(missing)

    async def _get_ready(self, missing: Sequence[RulesetHash], released: Future[None]) -> None:
        request = None
        try:
            await self._get_going(missing)
            request = await self._release()
        finally:
            if request is None:
                released.set_result(None)
            else:
                request.wait().add_done_callback(lambda _: released.set_result(None))

    # --- rulesets that cannot be woken ---

    async def wait_released(self) -> None:
        """Return when it is durable what became of rulesets that were in quarantine as the pico woke."""
        if self._released is not None:
            await asyncio.shield(self._released)

    async def _release(self) -> Request | None:
        """Have a turn of its own let rulesets out of quarantine. It is tried first, so that nothing is
        recorded where nothing has changed."""
        turn = Turn(releasing(self._equipment, self.id), self._equipment.draw_inputs())
        while isinstance(outcome := self._react(turn), Asks):
            answer = await self._equipment.questions.answer(self.id, outcome.question)
            answers = (*turn.inputs.answers, answer)
            turn = replace(turn, inputs=replace(turn.inputs, answers=answers))
        report_quarantined(outcome.pico)
        if not isinstance(outcome, Done) or not outcome.changes or self.is_gone:
            return None
        request = Request(turn.event, inputs=turn.inputs)
        self._queue.appendleft(request)
        return request

    def set_aside(self, unable: Sequence[Unable]) -> None:
        """Somebody has found rulesets that cannot be woken: have a turn put that down."""
        if not self._reported.issuperset(unable):
            self._report(unable)
            self._queue.append(Request(setting_aside(self._equipment, self.id, unable)))
            self._enlist()

    def _is_set_aside(self, unable: Sequence[Unable]) -> bool:
        """Put it down at once, if that lets the pico go on without them."""
        turn = Turn(setting_aside(self._equipment, self.id, unable), self._equipment.draw_inputs())
        outcome = self._react(turn)
        if not isinstance(outcome, Done) or not outcome.changes:
            return False
        self._report(unable)
        self._commit(Request(turn.event), turn, outcome)
        return True

    def _report(self, unable: Sequence[Unable]) -> None:
        report_unable(self.id, [one for one in unable if one not in self._reported])
        self._reported.update(unable)

    # --- commits ---

    def _conclude(
        self, request: Request, turn: Turn, outcome: Done | Failed, prepared: Prepared | None = None
    ) -> None:
        """Commit a turn, or have it run again without the rulesets that kept it from running.

        Answers that an earlier run of the engine has kept were given to all rulesets together, so such
        a turn fails. What upkeep asks is the same in any case.
        """
        unable = explained(self._equipment, outcome.unable) if isinstance(outcome, Failed) else ()
        is_free = not turn.inputs.answers or turn.event.domain == UPKEEP
        if unable and is_free and self._is_set_aside(unable):
            self._queue.appendleft(request)
        else:
            self._commit(request, turn, outcome, prepared)

    def _commit(
        self, request: Request, turn: Turn, outcome: Done | Failed, prepared: Prepared | None = None
    ) -> None:
        if not self._may_act():
            self._come_too_late(request)
            return
        measured: list[Write] = []
        grown = self._snapshots.growth(self.head.pico, turn, outcome)
        if isinstance(outcome, Done) and (fault := self._why_too_much(outcome, grown, measured)) is not None:
            outcome, grown, prepared = self._stop(turn, fault), 0, None
        try:
            head, body = seal(self.head, turn, outcome) if prepared is None else prepared.sealed
        except Exception:
            outcome = self._own_mistake(turn)
            head, body = seal(self.head, turn, outcome)
        bodies = EMPTY if prepared is None else prepared.sent
        if isinstance(outcome, Failed) and outcome.fault.code.startswith(LIMITS):
            self._dues.charge_runaway()
        posting = self._outbox.post(self, self.head.pico, outcome, bodies)
        eid = turn.event.eid if request.is_kept else None
        writes: list[Write] = [*measured, AppendRecord(self.id, head.pico.seq, eid, body, self._epoch)]
        if posting is not None:
            writes += posting.writes
        guess = self._snapshots.note(head, len(body), grown, writes)
        durable = self._equipment.journal.commit(writes)
        # Not before the record is on its way: a version that has none would leave a gap in the history.
        self.head = head
        self.await_disk(durable, head.pico, request, reply_to(turn, outcome))
        if posting is not None:
            posting.dispatch(durable)
        if guess is not None:
            self._commits_under_way += 1  # it is not let go meanwhile
            self._saving = asyncio.get_running_loop().create_task(self._save_aside(head, guess))

    def _may_act(self) -> bool:
        """Whether the journal would take a turn. If not, the pico is leaving or lives elsewhere, and keeps
        still in any case."""
        if self._equipment.journal.lets(self.id, self._epoch):
            return True
        self._is_still = True
        return False

    def _come_too_late(self, request: Request) -> None:
        """There was no such turn: where the pico goes on, it does with that event."""
        if (refusal := self._outbox.why_elsewhere(self.id)) is not None:
            self.pending.pop(request.event.eid, None)
            self._turn_away(request, refusal)
        else:
            self._queue.appendleft(request)

    def _why_too_much(self, outcome: Done, grown: int | None, writes: list[Write]) -> Fault | None:
        """Why a turn that ran may not be committed: it would flood somebody, or its own pico."""
        flood = self._outbox.why_too_much(outcome.effects)
        return self._snapshots.why_too_large(self.head, grown, writes) if flood is None else flood

    async def _save_aside(self, head: Head, guess: int) -> None:
        try:
            await self._snapshots.save_aside(head, guess, self._dues, lambda: self.is_gone)
        finally:
            self._saving = None
            self._commits_under_way -= 1
            self._enlist()
            self._rest_if_idle()

    def await_disk(
        self, durable: Future[None], pico: Pico, request: Request | None = None, reply: Reply | None = None
    ) -> None:
        """Once that is durable `pico` is the committed state, and whoever waits for it is told."""
        self._commits_under_way += 1
        durable.add_done_callback(partial(self._settle, pico, request, reply))

    def _settle(
        self, pico: Pico, request: Request | None, reply: Reply | None, durable: Future[None]
    ) -> None:
        self._commits_under_way -= 1
        problem = durable.exception()
        if problem is None:
            self.committed = pico
            self._outbox.settled(pico, None if request is None else request.event, reply)
        else:
            reply = not_known(problem)
        if request is not None:
            if request.is_kept:
                del self.pending[request.event.eid]
            if reply is not None:
                request.answer(reply)
        self._enlist()
        self._rest_if_idle()

    def _rest_if_idle(self) -> None:
        if self.is_idle:
            for rested in self._rested:
                if not rested.done():
                    rested.set_result(None)
            self._rested = []
            self._outbox.note_idle(self)
