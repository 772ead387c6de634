"""What a turn leads to outside its pico, written in the same transaction as the record of the turn.

Within one engine nothing is sent: an event for another pico is put into its inbox, a new pico is
born and a deleted one removed by the very commit that decided it. So every effect happens exactly
once, and the id of an event, derived from pico, turn and position, would show a second copy. What is
to be asked of the outside is put down in the same way, and begun when the commit is durable.
"""

from __future__ import annotations

import logging
from asyncio import Future
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from engine.core.codec import Unreadable
from engine.core.draft import touched_channels, touched_timers
from engine.core.far_events import errand_for
from engine.core.messages import (
    AskLater,
    Change,
    CreatePico,
    DeletePico,
    Done,
    Effect,
    Event,
    Failed,
    Fault,
    Refusal,
    SendEvent,
)
from engine.core.model import EMPTY, Eci, EventId, Pico, PicoId, RulesetHash
from engine.core.protocols.migration_goods import LARGEST_EVENT
from engine.core.records import begin, encode_errand, encode_request, encode_snapshot
from engine.core.wills import last_words
from engine.ports import (
    AcceptEvent,
    BindChannel,
    BindRuleset,
    BirthPico,
    ClearTimer,
    EndErrand,
    KeepErrand,
    RemovePico,
    SetTimer,
    UnbindChannel,
    UnbindRuleset,
    Write,
)
from engine.runtime.admission import admit
from engine.runtime.alarms import Alarms
from engine.runtime.equipment import Equipment
from engine.runtime.errands import Errands
from engine.runtime.feed import Feed
from engine.runtime.mailbox import MOST_WAITING, Mailbox
from engine.runtime.preparation import event_of, is_long
from engine.runtime.replies import Reply
from engine.runtime.request import Request
from engine.runtime.residents import Limits, Residents
from engine.runtime.rests import Rest, Rests, messages_of, read_rest

logger = logging.getLogger(__name__)

Settled = Callable[[PicoId, Event | None], None]
"""Told of each turn that is durable, with its event, and of each pico that was born."""


def _tell_nobody(pico: PicoId, event: Event | None) -> None:
    """Nobody has to know."""


def _hold(pico: PicoId) -> None:
    """What came waits until the pico goes on."""


def _is_here(pico: PicoId) -> Refusal | None:
    """Where picos stay."""
    return None


def _all_are_here(eci: Eci, sender: PicoId) -> bool:
    """Where all picos were born."""
    return False


NOTHING_YET = Pico(PicoId(""))
"""What a pico was before it began to exist."""


@dataclass(slots=True)
class Bundle:
    """The effects of one turn: what is written, and who is told afterwards."""

    residents: Residents
    alarms: Alarms
    errands: Errands
    feed: Feed
    delivers: bool
    bodies: Mapping[EventId, bytes] = field(default_factory=lambda: EMPTY)
    """Events that are bytes already: see `engine.runtime.preparation`."""
    writes: list[Write] = field(default_factory=list)
    born: list[Mailbox] = field(default_factory=list)
    removed: list[PicoId] = field(default_factory=list)
    sent: list[tuple[Mailbox, Request]] = field(default_factory=list)
    asked: list[tuple[PicoId, AskLater]] = field(default_factory=list)

    def dispatch(self, durable: Future[None]) -> None:
        """Receivers run at once, though the disk still works: their own commits come after this one."""
        for mailbox in self.born:
            mailbox.await_disk(durable, mailbox.head.pico)
        for pico in self.removed:
            durable.add_done_callback(partial(self._forget, pico))
        if due := [write.due_ms for write in self.writes if isinstance(write, SetTimer)]:
            durable.add_done_callback(lambda _: self.alarms.expect(min(due)))
        durable.add_done_callback(self._ask)
        if self.delivers:
            for mailbox, request in self.sent:
                if not mailbox.is_gone:
                    mailbox.take(request)

    def _forget(self, pico: PicoId, durable: Future[None]) -> None:
        self.residents.forget(pico)
        self.feed.note_end(pico)

    def _ask(self, durable: Future[None]) -> None:
        problem = durable.exception()
        if problem is not None:
            logger.warning("what was to be asked, or was answered, is not kept: %s", problem)
            return
        for pico, errand in self.asked:
            self.errands.begin(pico, errand)


class LocalOutbox:
    """The outbox of an engine whose picos are all its own."""

    def __init__(self, equipment: Equipment, limits: Limits) -> None:
        self.residents = Residents(equipment, limits, self)
        self.alarms = Alarms(equipment, self.residents)
        self.errands = Errands(equipment, self.deliver)
        self.feed = Feed(equipment.clock.now_ms, equipment.entropy.seed)
        """For those who watch."""
        self._journal = equipment.journal
        self._clock = equipment.clock
        self.when_settled: Settled = _tell_nobody
        self.when_held: Callable[[PicoId], None] = _hold
        """Told of each pico that is still and for which an event came."""
        self.elsewhere: Callable[[PicoId], Refusal | None] = _is_here
        """What is said of a pico that has moved away."""
        self.is_far: Callable[[Eci, PicoId], bool] = _all_are_here
        """Whether a channel that leads to nobody here may lead a pico to somebody elsewhere."""
        self._rests = Rests(equipment.journal, self._bundle, self._send)

    @property
    def is_closing(self) -> bool:
        """From now on what picos send each other stays in the journal for the next start."""
        return self._rests.is_closing

    def close(self) -> None:
        self._rests.is_closing = True

    def note_idle(self, mailbox: Mailbox) -> None:
        self.residents.note_idle(mailbox)

    def note_held(self, pico: PicoId) -> None:
        self.when_held(pico)

    def why_elsewhere(self, pico: PicoId) -> Refusal | None:
        return self.elsewhere(pico)

    def settled(self, pico: Pico, event: Event | None, reply: Reply | None) -> None:
        self.when_settled(pico.id, event)
        self.feed.note_turn(pico.id, pico.seq, event, reply)

    def why_too_much(self, effects: Sequence[Effect]) -> Fault | None:
        """A pico that sends itself two events for each it gets would fill memory and disk; so would one that
        sends to a neighbour who cannot keep up. Its turn fails, and so the flood ends in its own log."""
        sent = messages_of(effects)
        # Whoever sleeps has room for all that a mailbox may hold.
        find = self._find if len(sent) > MOST_WAITING else self.residents.find_awake
        counts: Counter[Mailbox] = Counter()
        for eci, count in Counter(message.eci for message in sent).items():
            if (target := find(eci)) is not None:
                counts[target] += count
                if counts[target] > target.room:
                    return _flood(next(message for message in reversed(sent) if message.eci == eci), target)
        return None

    def post(
        self, sender: Mailbox, before: Pico, outcome: Done | Failed, bodies: Mapping[EventId, bytes] = EMPTY
    ) -> Bundle | None:
        """With many messages, and these bytes of theirs, the sender has to `deliver` them afterwards."""
        pico = outcome.pico
        if not outcome.effects and not _is_reached_otherwise(before, pico):
            return None
        bundle = self._bundle(bodies)
        bundle.writes += differences(before, pico, outcome.changes)
        self._rebind(sender, pico, outcome.changes)
        later = messages_of(outcome.effects) if is_long(outcome) else ()
        if later:
            bundle.writes.append(self._rests.add(Rest(sender.id, pico.seq, later, bodies=bodies)))
        for effect in outcome.effects:
            if not (later and isinstance(effect, SendEvent)):
                self._perform(effect, sender, bundle)
        return bundle

    def find_rest(self, pico: PicoId, found: tuple[int, int]) -> None:
        """What an earlier run of the engine did not deliver; the pico has to do it. Raises `Unreadable`."""
        self._rests.add(read_rest(self._journal, pico, found))

    async def deliver_rest(self, pico: PicoId) -> None:
        """Return when everything that its last turn sent is on its way."""
        await self._rests.deliver(pico)

    def deliver(self, pico: PicoId, errand: EventId, told: SendEvent | AskLater | None) -> None:
        """End an errand, together with the acceptance of the event that tells of it, or with the errand that
        is to take it to somebody's DID."""
        bundle = self._bundle()
        bundle.writes.append(EndErrand(pico, errand))
        match told:
            case SendEvent():
                self._send(told, pico, bundle)
            case AskLater():
                _begin(told, pico, bundle)
        bundle.dispatch(self._journal.commit(bundle.writes))

    def _bundle(self, bodies: Mapping[EventId, bytes] = EMPTY) -> Bundle:
        return Bundle(self.residents, self.alarms, self.errands, self.feed, not self.is_closing, bodies)

    def _rebind(self, mailbox: Mailbox, after: Pico, changes: Iterable[Change]) -> None:
        for eci in touched_channels(changes):
            channel = after.channels.get(eci)
            if channel is None:
                self.residents.unbind(eci)
            else:
                self.residents.bind(mailbox, channel)

    def _perform(self, effect: Effect, sender: Mailbox, bundle: Bundle) -> None:
        match effect:
            case SendEvent():
                self._send(effect, sender.id, bundle)
            case AskLater():
                _begin(effect, sender.id, bundle)
            case CreatePico(pico):
                self._create(pico, sender, bundle)
            case DeletePico(pico):
                self._delete(pico, bundle)

    def _send(self, effect: SendEvent, sender: PicoId, bundle: Bundle) -> None:
        event = event_of(effect, sender)
        target = self._find(effect.eci)
        refusal = admit(target.head.pico if target else None, event)
        if target is None and self.is_far(effect.eci, sender):
            _begin(errand_for(effect, sender, self._clock.now_ms()), sender, bundle)
            return
        if target is None or refusal is not None:
            logger.warning(
                "%s sent %s:%s to channel %s in vain: %s",
                sender,
                event.domain,
                event.name,
                event.eci,
                refusal.reason if refusal else "",
            )
            return
        body = bundle.bodies.get(event.eid) or encode_request(event)
        if target.is_still and len(body) > LARGEST_EVENT:
            logger.error("%s sent %s to %s, and it is too large to be sent on", sender, event.eid, target.id)
            return
        bundle.writes.append(AcceptEvent(target.id, event.eid, body))
        bundle.sent.append((target, Request(event, is_kept=True)))

    def _find(self, eci: Eci) -> Mailbox | None:
        """One whose history is damaged is nobody to send to; that is no fault of whoever sends."""
        try:
            return self.residents.find(eci)
        except Unreadable as damage:
            logger.error("the pico that has channel %s cannot be woken: %s", eci, damage)
            return None

    def _create(self, pico: Pico, parent: Mailbox, bundle: Bundle) -> None:
        snapshot = encode_snapshot(begin(pico))
        bundle.writes.append(BirthPico(pico.id, parent.id, pico.seq, snapshot))
        bundle.writes += differences(NOTHING_YET, pico)
        bundle.born.append(self.residents.adopt(pico, snapshot))

    def _delete(self, pico: PicoId, bundle: Bundle) -> None:
        family = list(self.residents.family(pico))
        for one in family:
            self._rests.deliver_at_once(one.id, bundle)
            bundle.writes.append(RemovePico(one.id))
            bundle.removed.append(one.id)
            self.residents.remove(one.id)
            self.errands.forget(one.id)
        # Only now, so that those who go together do not send each other anything.
        for one in family:
            self._execute(one, bundle)

    def _execute(self, gone: Pico, bundle: Bundle) -> None:
        """Send what a pico wanted sent when it is no more, so far as there is somebody to take it."""
        for words in last_words(gone):
            if self._find(words.eci) is not None:
                self._send(words, gone.id, bundle)


def _begin(errand: AskLater, pico: PicoId, bundle: Bundle) -> None:
    bundle.writes.append(KeepErrand(pico, errand.name, encode_errand(errand)))
    bundle.asked.append((pico, errand))


def _flood(sent: SendEvent, target: Mailbox) -> Fault:
    event = f"{sent.domain}:{sent.name} to {target.id}"
    return Fault("R707", f"{event} is one event too many: {MOST_WAITING:,} would wait there with it")


def _is_reached_otherwise(before: Pico, after: Pico) -> bool:
    """Whether anything changed that stands in a table of its own: see `differences`."""
    return not (
        after.channels is before.channels
        and after.timers is before.timers
        and after.rulesets is before.rulesets
    )


def differences(before: Pico, after: Pico, changes: Iterable[Change] | None = None) -> Iterator[Write]:
    """What the journal keeps of a pico in tables of their own: where it is reached, what it runs, and when
    it is due.

    With the changes between the two at hand, not all have to be compared: there may be thousands.
    """
    if after.channels is not before.channels:
        every_channel = chain(before.channels, after.channels)
        for eci in dict.fromkeys(every_channel if changes is None else touched_channels(changes)):
            if eci not in after.channels and eci in before.channels:
                yield UnbindChannel(eci)
            elif eci in after.channels and eci not in before.channels:
                yield BindChannel(eci, after.id)
    if after.rulesets is not before.rulesets:
        had, has = _texts(before), _texts(after)
        yield from (UnbindRuleset(after.id, *text) for text in had if text not in has)
        yield from (BindRuleset(after.id, *text) for text in has if text not in had)
    if after.timers is not before.timers:
        everything = chain(before.timers, after.timers)
        names = everything if changes is None else touched_timers(before, changes)
        for name in dict.fromkeys(names):
            timer = after.timers.get(name)
            if timer is not None:
                yield SetTimer(after.id, name, timer.due_ms)
            elif name in before.timers:
                yield ClearTimer(after.id, name)


def _texts(pico: Pico) -> list[tuple[str, RulesetHash]]:
    return [(ruleset.url, ruleset.hash) for ruleset in pico.rulesets]
