"""A message is heard: who may speak, whether it is new, whether it is well formed, and what comes of it.

What a message means is in the tables of the protocols. Here is what holds for all of them: one
relationship hears one correspondent, each message is heard once, and trouble is reported or kept quiet.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core.didcomm.messages import Message
from engine.core.protocols.acks import acknowledge, problem_with_headers, take
from engine.core.protocols.bodies import problem_in
from engine.core.protocols.memory import answers_to, is_known, put_down
from engine.core.protocols.problem_codes import TEMPORARY
from engine.core.protocols.protocol import Kind
from engine.core.protocols.reactions import Facts, Note, Reaction, State, Trouble, attrs_of, stray
from engine.core.protocols.relationships import heed, is_over, seen_at, why_not_heard
from engine.core.protocols.report_problem import is_cut, report, thread_in_question
from engine.core.protocols.table import kind_of, kind_of_message, protocol_of
from engine.core.protocols.threads import is_open, why_not_open

GIVEN_UP = "in a thread that was given up"


def hear(state: State, message: Message, facts: Facts) -> Reaction:
    """The one way in. Rules get `didcomm:message` of each new message besides what its protocol tells."""
    heeded = _heed(state, message, facts)
    if is_over(heeded.state) and not is_over(state):
        return heeded
    why = why_not_heard(heeded.state, facts)
    if why is not None:
        return _after(heeded, stray(heeded.state, message, facts, why))
    return _after(heeded, _hear(seen_at(heeded.state, facts.to), message, facts))


def examine(state: State, message: Message, facts: Facts) -> Reaction | None:
    """What `hear` would say against a message in whatever thread it is, or None: for those who keep the
    threads in another place, and know there whether it answers anything."""
    if is_cut(state, thread_in_question(message)):
        return stray(state, message, facts, GIVEN_UP)
    trouble = _trouble_with(message, facts, kind_of_message(message))
    return None if trouble is None else _troubled(state, message, facts, trouble)


def _after(earlier: Reaction, later: Reaction) -> Reaction:
    return replace(later, notes=(*earlier.notes, *later.notes))


def _heed(state: State, message: Message, facts: Facts) -> Reaction:
    """A rotation that is not accepted leaves everything as it was; who sends it is then a stranger."""
    if facts.rotation is None:
        return Reaction(state)
    heeded = heed(state, facts.rotation, facts)
    return stray(state, message, facts, heeded.args[0]) if isinstance(heeded, Trouble) else heeded


def _hear(state: State, message: Message, facts: Facts) -> Reaction:
    if is_cut(state, thread_in_question(message)):
        return stray(state, message, facts, GIVEN_UP)
    protocol = protocol_of(message.type)
    kind = None if protocol is None else kind_of(message.type, protocol)
    if is_known(state, message.id):
        return _heard_again(state, message, facts, kind)
    if protocol is not None and kind is None:
        return _troubled(state, message, facts, _scoped("msg.unknown-kind", message))
    return _heard_first(state, message, facts, kind)


def _heard_first(state: State, message: Message, facts: Facts, kind: Kind | None) -> Reaction:
    if kind is not None and kind.answers and not kind.unasked and not is_open(state, message.thread):
        return stray(state, message, facts, why_not_open(state, message))
    trouble = _trouble_with(message, facts, kind)
    if trouble is not None:
        return _troubled(state, message, facts, trouble)
    taken = take(state, message, facts)
    reaction = Reaction(taken.state) if kind is None else kind.heard(taken.state, message, facts)
    if isinstance(reaction, Trouble):
        return _troubled(taken.state, message, facts, reaction)
    told = (Note("message", attrs_of(message, facts)), *taken.notes, *reaction.notes)
    return _answered(replace(reaction, notes=told), message, facts, kind)


def _trouble_with(message: Message, facts: Facts, kind: Kind | None) -> Trouble | None:
    """What forbids a message whatever it says."""
    if message.expires_time is not None and facts.now_s >= message.expires_time:
        return Trouble("e.p.req.time.expired")
    problem = problem_with_headers(message)
    if problem is not None:
        return _scoped("msg.bad-header", message, problem)
    if kind is None:
        return None
    if facts.sender is None and not kind.anonymous:
        return Trouble("e.p.trust.unknown-sender")
    problem = problem_in(message.body, kind.body)
    return None if problem is None else _scoped("msg.bad-body", message, problem)


def _scoped(descriptor: str, message: Message, *args: str) -> Trouble:
    """A thread that begins badly does not begin; one that is under way goes on without the message."""
    begins = message.thid is None or message.thid.lower() == message.id.lower()
    return Trouble(f"e.{'p' if begins else 'm'}.{descriptor}", args)


def _troubled(state: State, message: Message, facts: Facts, trouble: Trouble) -> Reaction:
    told = attrs_of(message, facts) | {"code": trouble.code, "reason": ", ".join(trouble.args)}
    reaction = replace(report(state, trouble, message, facts), notes=(Note("refused", told),))
    return reaction if trouble.code in TEMPORARY else _kept(reaction, message)


def _answered(reaction: Reaction, message: Message, facts: Facts, kind: Kind | None) -> Reaction:
    if facts.sender is None:
        return _kept(replace(reaction, replies=()), message)
    if kind is None or kind.acknowledged:
        reaction = acknowledge(reaction, message, facts)
    if kind is not None and kind.again:
        return replace(reaction, state=put_down(reaction.state, message.id))
    return _kept(reaction, message)


def _kept(reaction: Reaction, message: Message) -> Reaction:
    return replace(reaction, state=put_down(reaction.state, message.id, reaction.replies))


def _heard_again(state: State, message: Message, facts: Facts, kind: Kind | None) -> Reaction:
    """Rules hear nothing of it."""
    if kind is not None and kind.again and _trouble_with(message, facts, kind) is None:
        reaction = kind.heard(state, message, facts)
        if not isinstance(reaction, Trouble):
            return replace(acknowledge(reaction, message, facts), notes=())
    answers = answers_to(state, message.id)
    if answers is None:
        return report(state, Trouble("e.p.req.already-handled"), message, facts)
    return Reaction(state, answers)
