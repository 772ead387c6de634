"""The part of an engine's wiring by which its picos are reached: DIDs, messages and mail."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from engine.adapters.credentials import STORE_FILE, OwnLists, PicoCredentials, PresentationChecks
from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.didcomm.from_prior import write_from_prior
from engine.adapters.didcomm.keys import private_key
from engine.adapters.dids.documents import didcomm_endpoints
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.dids.own import make_own_did
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.resolver import DidResolver
from engine.adapters.dids.routes import AtHand, DidDirectory, relay_of
from engine.adapters.dids.websockets import find_websocket
from engine.adapters.keys import KeyBoxes
from engine.config import Settings
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, show_did
from engine.core.model import PicoId
from engine.ports import (
    BadLog,
    CannotSend,
    KeptLog,
    Keys,
    WebClient,
    Websockets,
    WebStreams,
)
from engine.runtime.announcing import Announcing
from engine.runtime.arrangement import Arrangement
from engine.runtime.arrivals import Arrivals
from engine.runtime.away import Away
from engine.runtime.collecting import Collecting
from engine.runtime.correspondence import Correspondence
from engine.runtime.correspondents import Correspondents
from engine.runtime.desks import Desk
from engine.runtime.endings import Endings
from engine.runtime.equipment import Equipment
from engine.runtime.guarding import Guarding
from engine.runtime.hearing import Hearing
from engine.runtime.hearsay import Hearsay
from engine.runtime.host import Host
from engine.runtime.identities import SIGNING, Identities, life_purpose
from engine.runtime.lanes import Lanes
from engine.runtime.letters import Letters
from engine.runtime.live_mail import LiveMail
from engine.runtime.lives import Lives, stay_of
from engine.runtime.long_names import KeepingGate, LongNames, recall
from engine.runtime.mail import Mail
from engine.runtime.mediator import Mediator, Terms
from engine.runtime.reception import Reception
from engine.runtime.showings import Showings
from engine.runtime.told_logs import Herald, LogDesk, LogQuestions, ToldLogs
from engine.runtime.vouching import PicosVouching
from engine.runtime.whereabouts import NotingEnvelopes, Whereabouts
from engine.runtime.writing import Writing
from engine.wiring_of_engines import give_engines
from engine.wiring_of_seals import channel_keys

logger = logging.getLogger(__name__)


def give_mail(
    host: Host,
    equipment: Equipment,
    keys: Keys,
    web: WebClient,
    settings: Settings,
    websockets: Websockets | None,
) -> None:
    """Let a host be reached by DIDs that are made of these keys, and its picos write to others."""
    clock, journal = equipment.clock, equipment.journal
    resolver = DidResolver(web, lambda: clock.now_ms() / 1000, recall=partial(recall, journal))
    lifelong = LifelongLogs(keys, partial(stay_of, journal.fact))
    listening: list[Callable[[Did], None]] = [resolver.outdated]
    lives = Lives(journal, lifelong, clock.now_ms, partial(tell_all, listening))
    resolver.known = logs = ToldLogs(journal, lives, partial(learn_log, resolver), resolver.text_of)
    identities = Identities(journal, keys, make_own_did, sign_rotation, lives, host.channels_of)
    brought = channel_keys(journal, keys)
    identities.brought = brought.find
    own = OwnEnvelopes(resolver.at_hand, partial(fetch_document, resolver), identities.secret)
    left = partial(look_again, DidDirectory(AtHand(resolver)), host.away)
    whereabouts = Whereabouts(journal, identities, partial(relay_of, resolver), clock.now_ms, left)
    envelopes = NotingEnvelopes(own, identities, whereabouts)
    streams = web if isinstance(web, WebStreams) else None
    letters = Letters(envelopes, DidDirectory(resolver, whereabouts.newest), web, host.away, streams)
    letters.tell_ahead = Herald(logs, letters, identities, clock.now_ms, equipment.entropy).tell
    letters.met = met = partial(remember, whereabouts, logs)
    resolver.ask = LogQuestions(letters, envelopes, identities, clock.now_ms, equipment.entropy).ask
    names = LongNames(journal, resolver.long_form, met)
    correspondents, terms = Correspondents(identities.ids_seed(), clock.now_ms), mediation_terms(settings)
    mediator = Mediator(journal, identities, envelopes, correspondents, clock.now_ms, terms, names.keep)
    own_lists = OwnLists(settings.home / STORE_FILE, keys)
    checks = PresentationChecks(partial(fetch_document, resolver), web, own_lists.find)
    showings = Showings(checks, clock.now_ms)
    gate = KeepingGate(host, names)
    hearing = Hearing(gate, identities, correspondents, showings)
    heard = Hearsay(envelopes, DidDirectory(AtHand(resolver), whereabouts.newest), host.away)
    mesh = give_engines(equipment, identities, envelopes, letters, correspondents, whereabouts, settings)
    desks: list[Desk] = [LogDesk(logs, correspondents), *mesh.desks]
    reception = Reception(identities, heard, letters, correspondents, hearing, mediator, desks, clock.now_ms)
    lanes = Lanes(settings.http_per_pico, settings.http_at_once)
    keep_ms = equipment.message_keep_ms
    correspondence = Correspondence(
        host,
        identities,
        envelopes,
        letters,
        lanes,
        clock.now_ms,
        equipment.entropy,
        keep_ms,
        journal.find_channel,
        host.newest_did,
    )
    equipment.questions.learn(names.keeping(correspondence.kinds))
    fetch = partial(fetch_document, resolver)
    newest = host.newest_did
    writing = Writing(identities, envelopes, letters, reception, lanes, clock.now_ms, keep_ms, fetch, newest)
    equipment.questions.learn(names.keeping(writing.kinds))
    announcing = Announcing(whereabouts, identities, envelopes, letters, clock, equipment.entropy, keep_ms)
    has_channel, introduce = host.has_channel, host.introduce
    guarding, endings = Guarding(lives, lifelong.succession), Endings(lives, lifelong.succession)
    host.when_gone(endings.note)
    acts = partial(acts_as, lives, lifelong, keys, clock.now_ms)
    arrivals = Arrivals(journal, brought, identities, partial(relay_of, resolver), host.rotate, acts)
    listening.append(lambda name: arrivals.look())
    issued = PicoCredentials(settings.home / STORE_FILE, keys)
    vouching = PicosVouching(lives, fetch, issued, clock.now_ms)
    host.mail = mail = Mail(
        identities,
        reception,
        letters,
        mediator,
        has_channel,
        introduce,
        lives,
        announcing,
        logs,
        whereabouts,
        guarding,
        endings,
        vouching,
        envelopes,
        desks,
        arrivals,
    )
    mail.url_of = partial(post_box_of, resolver)
    mail.engines = mesh.engines
    if settings.mediator:
        mail.collecting = Collecting(
            Arrangement(Did(settings.mediator), identities, journal),
            int(settings.mediator_every_s * 1000),
            envelopes,
            letters,
            reception,
            clock,
            equipment.entropy,
        )
        if websockets is not None:
            find_url = partial(find_websocket, resolver, DidDirectory(resolver, whereabouts.newest))
            every_ms = int(settings.mediator_every_s * 1000)
            mail.collecting.live = LiveMail(mail.collecting, websockets, find_url, clock, every_ms).run


def post_box_of(resolver: DidResolver, did: str) -> str | None:
    """The URL of the engine with that DID, if it names one where messages are posted."""
    document = resolver.at_hand(did)
    uris = () if document is None else (endpoint.uri for endpoint in didcomm_endpoints(document))
    posted = (uri for uri in uris if uri.startswith(("http://", "https://")))
    return next((uri.removesuffix("/didcomm") for uri in posted), None)


async def remember(whereabouts: Whereabouts, logs: ToldLogs, did: Did) -> None:
    """Somebody has to do with a pico: what has to be known so that they can be written to later."""
    await whereabouts.met(did)
    await logs.keep(did)


def tell_all(listening: Iterable[Callable[[Did], None]], name: Did) -> None:
    for told in listening:
        told(name)


def acts_as(lives: Lives, logs: LifelongLogs, keys: Keys, now_ms: Callable[[], int], pico: PicoId) -> bool:
    """Whether the log of a pico says that the engine with these keys is to act as it."""
    kept, signer = (
        lives.kept(pico),
        KeyBoxes(os.urandom).name(keys.derive(f"{life_purpose(pico, lives.stay(pico))}/{SIGNING}")),
    )
    try:
        acting = None if kept is None else logs.acting(kept, now_ms() / 1000)
    except BadLog:
        return False
    return acting is not None and acting.may(acting.epoch, signer)


async def look_again(places: DidDirectory, away: Away, did: Did) -> None:
    """Whoever waits for the place of that DID: it is known now where else to go."""
    try:
        away.heard_from((await places.find_route(did)).url)
    except CannotSend:
        logger.debug("%s names no place that anybody could wait for", show_did(did))


async def learn_log(resolver: DidResolver, log: KeptLog, did: str) -> None:
    try:
        await resolver.learn(log, did)
    except DidRefused as refused:
        raise BadLog(str(refused)) from refused


def sign_rotation(rotation: Rotation, secret: bytes) -> str:
    """The `from_prior` of one of our own DIDs."""
    return write_from_prior(rotation, private_key("Ed25519", secret))


async def fetch_document(resolver: DidResolver, did: str) -> Mapping[str, Any] | None:
    """The document of a DID, or None where there is none to be had."""
    try:
        return await resolver.resolve(did)
    except DidRefused as refused:
        logger.debug("%s cannot be resolved: %s", show_did(did), refused)
        return None


def mediation_terms(settings: Settings) -> Terms:
    """For whom mail is taken in, and how far that goes."""
    return Terms(
        settings.mediator_for,
        settings.mediator_clients,
        settings.mediator_dids,
        settings.mediator_messages,
        settings.mediator_bytes,
        settings.mediator_total_bytes,
        int(settings.mediator_keep_h * 3600),
    )
