"""An engine put together: the one place that knows which adapter stands behind which port."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from sqlite3 import DatabaseError
from typing import Any, cast

from engine.adapters.fetch.rulesets import RulesetTexts
from engine.adapters.keys import SeedFile, SeedKeys
from engine.adapters.local.clock import SystemClock
from engine.adapters.local.entropy import SystemEntropy
from engine.adapters.local.home import HomeLock, take_home
from engine.adapters.local.journal import SqliteJournal
from engine.adapters.local.program_cache import ProgramCache
from engine.adapters.local.room import measure_room
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
from engine.core.domains import MODULES
from engine.core.explain import Explanation, explain
from engine.core.inspection import Viewpoint, evaluate
from engine.core.messages import Answered, Asks, Failed, Outcome, Query, Turn
from engine.core.model import DefaultPolicy, Inputs, Pico
from engine.core.programs import Instances, Programs
from engine.core.timekeeping import to_iso
from engine.plugins.collection import NO_PLUGINS, Plugins, collect
from engine.plugins.declaration import Module
from engine.plugins.discovery import discover
from engine.plugins.references import describe
from engine.ports import (
    Clock,
    Entropy,
    Journal,
    Keys,
    RulesetSource,
    WebClient,
    Websockets,
)
from engine.runtime.access import Lasting
from engine.runtime.compilers import Compilers
from engine.runtime.consultants import Consultants, ConsultingLimits
from engine.runtime.courtesy import Company, unmeasured
from engine.runtime.equipment import Equipment, NoSecondChance, SecondChance
from engine.runtime.host import Host
from engine.runtime.key_change import note_keys
from engine.runtime.moves.office import Pace
from engine.runtime.orders import WorkerLimits
from engine.runtime.programs import Compile, CompiledPrograms, CompileElsewhere
from engine.runtime.questions import Questions
from engine.runtime.residents import Limits
from engine.runtime.restored import restored
from engine.runtime.rota import Rota
from engine.runtime.shelf import Shelf
from engine.runtime.vault import Vault
from engine.runtime.virtual_time import VirtualTime, virtual_clock
from engine.runtime.web import WebAnswers
from engine.runtime.workshop import Workshop
from engine.wiring_of_ipfs import InTheOpen, give_ipfs, open_to_all
from engine.wiring_of_mail import give_mail
from engine.wiring_of_moves import footing_of, give_moves, let_choose
from engine.wiring_of_seals import give_seals, make_vault
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
        host.access.lasting = Lasting(
            int(settings.session_h * 3_600_000), int(settings.login_link_min * 60_000)
        )
        host.vitals.room = partial(measure_room, settings.home)
        vault = make_vault(settings, host.equipment.clock.now_ms)
        seals = give_seals(host, journal, keys, settings, vault)
        deposits = give_ipfs(host, journal, consultants, settings, vault)
        pace = Pace(keep_ms=int(settings.move_keep_h * 3_600_000))
        moves = give_moves(host, journal, keys, vault.stores, pace)
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
