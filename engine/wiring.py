"""An engine put together: the one place that knows which adapter stands behind which port."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from sqlite3 import DatabaseError
from typing import Any, cast

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
from engine.adapters.fetch.rulesets import RulesetTexts
from engine.adapters.keys import KeyBoxes, SeedFile, SeedKeys
from engine.adapters.local.clock import SystemClock
from engine.adapters.local.entropy import SystemEntropy
from engine.adapters.local.home import HomeLock, take_home
from engine.adapters.local.journal import SqliteJournal
from engine.adapters.local.program_cache import ProgramCache
from engine.adapters.local.schema import JournalUnreadable
from engine.adapters.local.starts import count_start
from engine.adapters.signing.ed25519 import verify
from engine.adapters.web.client import HttpxWebClient, WebLimits
from engine.adapters.web.websockets import PinnedWebsockets
from engine.config import Settings
from engine.core import kernel
from engine.core.catalogue import Catalogue
from engine.core.codec import Unreadable
from engine.core.consultation import MODULE
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, show_did
from engine.core.domains import MODULES
from engine.core.explain import Explanation, explain
from engine.core.inspection import Viewpoint, evaluate
from engine.core.messages import Answered, Asks, Failed, Outcome, Query, Turn
from engine.core.model import DefaultPolicy, Inputs, Pico, PicoId
from engine.core.programs import Instances, Programs
from engine.core.timekeeping import to_iso
from engine.plugins.collection import NO_PLUGINS, Plugins, collect
from engine.plugins.declaration import Module
from engine.plugins.discovery import discover
from engine.plugins.references import describe
from engine.ports import (
    BadLog,
    CannotSend,
    Clock,
    Entropy,
    Journal,
    KeptLog,
    Keys,
    RulesetSource,
    WebClient,
    Websockets,
)
from engine.runtime.announcing import Announcing
from engine.runtime.arrangement import Arrangement
from engine.runtime.arrivals import Arrivals
from engine.runtime.away import Away
from engine.runtime.collecting import Collecting
from engine.runtime.compilers import Compilers
from engine.runtime.consultants import Consultants, ConsultingLimits
from engine.runtime.correspondence import Correspondence
from engine.runtime.correspondents import Correspondents
from engine.runtime.courtesy import Company, unmeasured
from engine.runtime.desks import Desk
from engine.runtime.endings import Endings
from engine.runtime.equipment import Equipment, NoSecondChance, SecondChance
from engine.runtime.guarding import Guarding
from engine.runtime.hearing import Hearing
from engine.runtime.hearsay import Hearsay
from engine.runtime.host import Host
from engine.runtime.identities import SIGNING, Identities, life_purpose
from engine.runtime.key_change import note_keys
from engine.runtime.lanes import Lanes
from engine.runtime.letters import Letters
from engine.runtime.live_mail import LiveMail
from engine.runtime.lives import Lives, stay_of
from engine.runtime.long_names import KeepingGate, LongNames, recall
from engine.runtime.mail import Mail
from engine.runtime.mediator import Mediator, Terms
from engine.runtime.orders import WorkerLimits
from engine.runtime.programs import Compile, CompiledPrograms, CompileElsewhere
from engine.runtime.questions import Questions
from engine.runtime.reception import Reception
from engine.runtime.residents import Limits
from engine.runtime.restored import restored
from engine.runtime.rota import Rota
from engine.runtime.shelf import Shelf
from engine.runtime.showings import Showings
from engine.runtime.told_logs import Herald, LogDesk, LogQuestions, ToldLogs
from engine.runtime.vault import Vault
from engine.runtime.virtual_time import VirtualTime, virtual_clock
from engine.runtime.vouching import PicosVouching
from engine.runtime.web import WebAnswers
from engine.runtime.whereabouts import NotingEnvelopes, Whereabouts
from engine.runtime.workshop import Workshop
from engine.runtime.writing import Writing
from engine.wiring_of_engines import give_engines
from engine.wiring_of_ipfs import InTheOpen, give_ipfs, open_to_all
from engine.wiring_of_moves import footing_of, give_moves, let_choose
from engine.wiring_of_seals import channel_keys, give_seals, make_vault
from pico_lang.meter import Budget
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source

logger = logging.getLogger(__name__)

JOURNAL_FILE = "journal.sqlite"
PROGRAMS_FOLDER = "programs"
SEED_FILE = "engine.key"
OTHER_KEYS = (
    "%s is not the file that this home had: messages to DIDs that the engine and its channels had before "
    "cannot be read. If there is a copy of the old one, stop the engine and put it in its place"
)
WAS_RESTORED = (
    "this home was made of a backup of %s: what happened after that is not in it, though others may know of "
    "it. Be sure that no other engine acts as its picos"
)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that is open. Only one is, for each home."""

    host: Host
    lock: HomeLock
    journal: SqliteJournal
    drain_s: float
    workshop: Workshop
    compilers: Compilers
    virtual_time: VirtualTime | None
    """Of an engine whose time is moved by hand."""
    vault: Vault
    """The stores of blocks."""
    in_the_open: InTheOpen

    async def close(self) -> None:
        """Finish what was accepted, as far as there is time, then let go of the home."""
        try:
            await self.host.drain(self.drain_s)
        finally:
            await self.in_the_open.close()
            await self.vault.close()
            self.lock.release()
            await self.workshop.close()
            await self.compilers.close()


async def open_engine(
    settings: Settings, modules: Iterable[Module] = (), passphrase: str | None = None
) -> Engine:
    """The engine that lives in `settings.home`, made if it is not there yet. `modules` are the host program's
    own, for rulesets; those of installed plugins it finds by itself. `passphrase` is that of the file with
    its keys.

    Raises `HomeBusy` when another process runs it, `JournalUnreadable` when this version cannot,
    `KeysUnusable` when there is another passphrase or none, and `BadModule` for a module that cannot be had.
    """
    plugins = collect(modules, discover(settings.plugins), for_workers=settings.workers > 0)
    for problem in plugins.problems:
        logger.warning("%s", problem)
    lock = take_home(settings.home)
    try:
        keys = SeedKeys(SeedFile(settings.home / SEED_FILE).open(passphrase))
        journal = SqliteJournal(settings.home / JOURNAL_FILE)
        known = plugins.catalogue.modules
        workshop = Workshop(
            journal.ruleset_text,
            worker_limits(settings),
            settings.workers,
            describe(plugins.modules, with_code=True) if settings.workers else (),
        )
        compiler = ProgramCache(settings.home / PROGRAMS_FOLDER, compiler_for(plugins), known)
        signatures = describe(plugins.modules, with_code=False)
        compilers = Compilers(compiler_limits(settings), compiler, signatures, known)
        clock = virtual_clock(journal) if settings.virtual_clock else None
        consultants = Consultants(plugins, consulting_limits(settings))
        host = make_host(
            journal,
            settings,
            workshop,
            clock=clock,
            compiler=compiler,
            compilers=compilers,
            plugins=plugins,
            keys=keys,
            consultants=consultants,
        )
        vault = make_vault(settings, host.equipment.clock.now_ms)
        seals = give_seals(host, journal, keys, settings, vault)
        deposits = give_ipfs(host, journal, consultants, settings, vault)
        moves = give_moves(host, journal, keys, vault.stores)
        let_choose(host, moves, consultants)
        await moves.prepare(footing_of(await count_start(settings.home, journal), journal))
        await _start(host, settings)
        in_the_open = open_to_all(host, seals, deposits, keys, settings, vault)
        if past := restored(journal.fact):
            logger.warning("%s", WAS_RESTORED % to_iso(past[-1].made_ms))
        if not await note_keys(journal, keys):
            logger.warning("%s", OTHER_KEYS % (settings.home / SEED_FILE))
    except BaseException:
        lock.release()
        raise
    time = None if clock is None else VirtualTime(clock, journal, host.wait_quiet)
    return Engine(host, lock, journal, settings.drain_s, workshop, compilers, time, vault, in_the_open)


async def _start(host: Host, settings: Settings) -> None:
    try:
        await host.start()
    except (DatabaseError, Unreadable) as damage:
        journal = settings.home / JOURNAL_FILE
        raise JournalUnreadable(f"{journal} is damaged: {damage}. Put a copy in its place.") from damage


def make_host(
    journal: Journal,
    settings: Settings,
    second_chance: SecondChance | None = None,
    source: RulesetSource | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    compiler: Compile | None = None,
    compilers: CompileElsewhere | None = None,
    web: WebClient | None = None,
    plugins: Plugins = NO_PLUGINS,
    keys: Keys | None = None,
    websockets: Websockets | None = None,
    consultants: Consultants | None = None,
) -> Host:
    """A host over a journal, not started yet. Without a second chance, what is too much for the engine's own
    process fails there, without compilers it compiles everything, and without keys it has no DIDs; else what
    is not given is the real thing. Over a clock that is given, no pico waits for its neighbours.
    With a web of another kind there are websockets only if they are given."""
    programs = CompiledPrograms(journal, compiler or compiler_for(plugins), compilers)
    outside = HttpxWebClient(web_limits(settings))
    company = Company() if clock is None else unmeasured()
    clock = clock or SystemClock()
    source = source or RulesetTexts(outside.connect, settings.ruleset_limit)
    shelf = Shelf(journal, programs, source, clock.now_ms, verify, settings.ruleset_authors)
    answers = WebAnswers(web or outside, settings.http_per_pico, settings.http_at_once)
    equipment = Equipment(
        BudgetedKernel(programs, settings.budget, plugins.catalogue),
        journal,
        programs,
        Questions(shelf, answers),
        clock,
        entropy or SystemEntropy(),
        Rota(),
        second_chance or NoSecondChance(),
        cast(DefaultPolicy, settings.default_channel_policy),
        plugins,
        int(settings.message_keep_h * 3_600_000),
        company,
    )
    consultants = consultants or Consultants(plugins, consulting_limits(settings))
    equipment.questions.learn({MODULE: consultants.answer})
    limits = Limits(settings.picos_in_memory, settings.snapshot_every, settings.pico_bytes)
    host = Host(equipment, limits, shelf)
    if keys is not None:
        lines = websockets or (PinnedWebsockets(web_limits(settings)) if web is None else None)
        give_mail(host, equipment, keys, web or outside, settings, lines)
    return host


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
    letters = Letters(envelopes, DidDirectory(resolver, whereabouts.newest), web, host.away)
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


def web_limits(settings: Settings) -> WebLimits:
    """How far one request of a ruleset may go."""
    return WebLimits(
        settings.http_private,
        settings.http_connect_s,
        settings.http_total_s,
        settings.http_response_limit,
        settings.http_redirects,
    )


def consulting_limits(settings: Settings) -> ConsultingLimits:
    """How far the engine goes for its plugins."""
    return ConsultingLimits(
        settings.plugin_answer_s,
        settings.plugin_answer_bytes,
        settings.plugin_per_pico,
        settings.plugin_at_once,
    )


def worker_limits(settings: Settings) -> WorkerLimits:
    """What a worker process may use for one turn."""
    return WorkerLimits(
        settings.worker_budget,
        settings.worker_memory_mib << 20,
        settings.worker_cpu_s,
        settings.worker_deadline_s,
        settings.worker_outcome_bytes,
    )


COMPILER_OUTCOME_BYTES = 64 << 20
"""Compiled, a text is five to ten times as long."""


def compiler_limits(settings: Settings) -> WorkerLimits:
    """What may be used to compile one text."""
    return WorkerLimits(
        Budget(),
        settings.compile_memory_mib << 20,
        settings.compile_cpu_s,
        settings.compile_deadline_s,
        COMPILER_OUTCOME_BYTES,
    )


def compiler_for(plugins: Plugins) -> Compile:
    """Compiles rulesets for an engine with these plugins."""
    return partial(compile_ruleset, modules=plugins.catalogue.modules)


def compile_text(source: Source) -> Program:
    """Compile a ruleset for an engine without plugins."""
    return compile_ruleset(source, MODULES)


@dataclass(frozen=True, slots=True)
class BudgetedKernel:
    """The kernel with the programs and the budget of this engine."""

    programs: Programs
    budget: Budget
    catalogue: Catalogue

    def react(self, pico: Pico, turn: Turn, instances: Instances[Any], /) -> Outcome:
        return kernel.react(pico, turn, self.programs, self.budget, instances, catalogue=self.catalogue)

    def explain(self, pico: Pico, turn: Turn, instances: Instances[Any], /) -> Explanation:
        return explain(pico, turn, self.programs, self.budget, instances, self.catalogue)

    def answer(
        self, pico: Pico, query: Query, inputs: Inputs, instances: Instances[Any], /
    ) -> Answered | Asks | Failed:
        return kernel.answer(pico, query, inputs, self.programs, self.budget, instances, self.catalogue)

    def evaluate(
        self, pico: Pico, viewpoint: Viewpoint, texts: Sequence[Source], inputs: Inputs, /
    ) -> Answered | Asks | Failed:
        return evaluate(pico, viewpoint, texts, inputs, self.programs, self.budget, catalogue=self.catalogue)
