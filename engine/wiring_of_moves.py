"""The part of an engine's wiring by which its picos come from other engines, and go there."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial

from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import BlockCipher, KeyBoxes
from engine.adapters.signing.ed25519 import sign, verify
from engine.core.acceptance import Guests
from engine.core.cids import to_cid
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.migration import Footing
from engine.core.model import PicoId, RulesetHash
from engine.ports import BadLog, BlockStore, CannotSend, Clock, Journal, KeptLog, Keys
from engine.runtime.captures import Captures
from engine.runtime.consultants import Consultants
from engine.runtime.engine_module import engine_module
from engine.runtime.evacuation import Evacuation
from engine.runtime.host import Host
from engine.runtime.letters import Letters
from engine.runtime.lives import Lives, stay_of
from engine.runtime.load import Load
from engine.runtime.mesh.engines import Engines
from engine.runtime.moves.doubts import is_in_doubt
from engine.runtime.moves.forwarding import Forwarding
from engine.runtime.moves.freight import Freight
from engine.runtime.moves.landing import Landing
from engine.runtime.moves.luggage import Locker
from engine.runtime.moves.moves import Moves
from engine.runtime.moves.neighbourhood import Neighbourhood
from engine.runtime.moves.office import Coming, Office, Pace
from engine.runtime.moves.opened import Opened
from engine.runtime.moves.post import Post
from engine.runtime.moves.relaying import Relaying
from engine.runtime.moves.small_loads import SmallLoads
from engine.runtime.state_keys import StateKeys
from engine.wiring_of_seals import channel_keys

logger = logging.getLogger(__name__)

PACE = Pace()

Stores = Callable[[], Awaitable[BlockStore]]


def give_moves(host: Host, journal: Journal, keys: Keys, stores: Stores, pace: Pace = PACE) -> Moves:
    """Let the picos of a host that has DIDs move. It takes nobody in until it is told whom."""
    assert host.mail is not None, "a host with keys has DIDs"
    mail, equipment = host.mail, host.equipment
    clock, entropy = equipment.clock, equipment.entropy
    logs, boxes = LifelongLogs(keys, partial(stay_of, journal.fact)), KeyBoxes(os.urandom)
    state_keys = StateKeys(journal, keys, boxes, os.urandom)
    post = Post(mail.identities, mail.letters, mail.envelopes, logs, clock.now_ms, entropy)
    office = Office(
        journal,
        mail.lives,
        logs,
        mail.identities,
        post,
        Freight(
            journal,
            Captures(journal, host),
            stores,
            BlockCipher(),
            state_keys.owners.of,
            mail.identities.named,
        ),
        Locker(journal, keys, boxes),
        SmallLoads(journal),
        Opened(),
        channel_keys(journal, keys),
        state_keys,
        keys,
        sign,
        verify,
        clock,
        entropy,
        os.urandom,
        host,
        Landing(journal),
    )
    moves = Moves(office, pace)
    moves.hooks.url_of = mail.url_of
    moves.hooks.tell, moves.hooks.rotate = host.inform, host.rotate
    restored_ones = mail.identities.brought
    mail.lives.is_held, mail.lives.is_away = moves.is_held, moves.is_away
    mail.lives.grown_too = moves.note_entry
    mail.identities.brought = lambda pico, kid: office.locker.find(pico, kid) or restored_ones(pico, kid)
    if mail.engines is not None:
        ask_engines(mail.engines, moves, partial(owners_in, logs, clock))
        mail.evacuation = Evacuation(moves, mail.engines, journal, clock)
    mail.when_reached = moves.reached
    if host.sealing is not None:
        host.sealing.is_elsewhere = moves.is_away
    host.have_moves(moves)
    relaying = Relaying(journal, moves, mail.letters, clock.now_ms)
    forwarding = Forwarding(journal, moves, post, relaying, clock)
    moves.hooks.left = forwarding.go_on
    moves.forwarding = forwarding
    moves.hooks.forgotten = partial(forget_sealed, host)
    mail.reception.relaying = relaying
    mail.reception.answering.before = partial(herald, mail.lives, mail.letters)
    neighbourhood = Neighbourhood(office, moves)
    equipment.questions.learn(neighbourhood.kinds)
    mail.desks.extend((forwarding, neighbourhood, moves))
    return moves


def let_choose(host: Host, moves: Moves, consultants: Consultants) -> None:
    """Have rulesets see where their picos live and where else they could, and go there."""
    engines, load = None if host.mail is None else host.mail.engines, Load()
    assert engines is not None, "a host with keys knows engines"
    engines.load = load.share
    inform = partial(host.inform, waits=False)
    consultants.add(engine_module(engines, moves, load, inform))


def forget_sealed(host: Host, pico: PicoId) -> None:
    """What was sealed of a pico while it lived here is not kept any more."""
    if host.sealing is not None:
        host.sealing.forget(pico)


Owners = Callable[[KeptLog], frozenset[str]]
"""Those of whom a log proves that the pico is theirs, or in their care."""


def owners_in(logs: LifelongLogs, clock: Clock, log: KeptLog) -> frozenset[str]:
    try:
        return logs.approvers(log, clock.now_ms() / 1000)
    except BadLog:
        return frozenset()


def ask_engines(engines: Engines, moves: Moves, owners_in: Owners) -> None:
    """Who may come is decided by what is known of the engine that it comes from, and of its owners."""

    def why_not(one: Coming) -> str | None:
        rulesets = [
            (told.rid, cid_of(told.hash), [body for _, body in told.signatures]) for told in one.rulesets
        ]
        owners = () if one.log is None else tuple(owners_in(one.log))
        refused = engines.consider(one.did, one.engine, one.size, rulesets, one.price, owners)
        return None if refused is None else f"{refused.code}: {refused.comment}"

    def guests() -> Guests:
        sizes = moves.guests()
        return Guests(len(sizes), sum(sizes))

    moves.hooks.why_not, moves.hooks.find_engine = why_not, lambda name: engines.resolve(name).did
    moves.hooks.known = lambda: [one.did for one in engines.known()]
    engines.set_guests(guests)


def cid_of(digest: str) -> str:
    """Of a text that is named by its hash; what is no hash is no CID."""
    try:
        return to_cid(RulesetHash(digest))
    except ValueError:
        return digest


def footing_of(is_same: bool | None, journal: Journal) -> Footing:
    """How well an engine knows whether it is what it was. `is_same`: see `engine.adapters.local.starts`."""
    if is_same is False or is_in_doubt(journal.fact):
        return Footing.DOUBTFUL
    return Footing.SURE if is_same is None else Footing.UNSURE


async def herald(lives: Lives, letters: Letters, answer: Message, to: Did) -> None:
    """Who writes to a pico that came from elsewhere may know it by the keys that it had there."""
    pico = None if answer.from_ is None else lives.pico_of(answer.from_)
    if pico is not None and answer.from_ is not None and lives.stay(pico):
        try:
            await letters.herald(Did(answer.from_), to)
        except CannotSend as problem:
            logger.debug("somebody does not hear where a pico is: %s", problem)
