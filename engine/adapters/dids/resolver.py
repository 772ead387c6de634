"""Documents of DIDs, from wherever they are: the name itself, the web, or a log that somebody handed over.

What was resolved is kept for a while. `at_hand` answers at once with what needs no waiting, and is what a
codec of messages asks; `resolve` goes out for the rest. A document is the same object until it changes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.adapters.dids.cache import Cache
from engine.adapters.dids.did_key import resolve_did_key
from engine.adapters.dids.did_peer_2 import resolve_did_peer_2, with_old_ids
from engine.adapters.dids.did_peer_4 import PREFIX as PEER_4
from engine.adapters.dids.did_peer_4 import is_short, resolve_long_form, resolve_short_form, short_form
from engine.adapters.dids.documents import Document, normalise
from engine.adapters.dids.fetching import fetch_text
from engine.adapters.dids.limits import DOCUMENT_BYTES, LOG_BYTES, WITNESS_BYTES
from engine.adapters.dids.locations import (
    NOWHERE,
    SCID,
    WEB,
    WEBVH,
    Location,
    WebvhName,
    read_scid_name,
    read_web,
    read_webvh,
    scid_of,
    source_of,
)
from engine.adapters.dids.log_entries import log_from_jsonl, log_to_jsonl
from engine.adapters.dids.log_verification import VerifiedLog, check_past, verify_log
from engine.adapters.dids.past_versions import VersionQuery, read_version_query
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.strict_json import read_object
from engine.adapters.dids.witnesses import approvals_from_json
from engine.core.dids import Did, DidUrl, NotADid, is_did, method_of, read_did_url, show_did
from engine.ports import CannotSend, KeptLog, KnownLogs, WebClient

Clock = Callable[[], float]
"""Seconds since 1970."""
Ask = Callable[[Did, Did], Awaitable[KeptLog]]
"""Whoever the first DID is of, for the log of the second. Raises `CannotSend`."""
Recall = Callable[[str], str | None]
"""The long form of a short did:peer:4 that somebody keeps for longer than the resolver remembers, or None."""

REMEMBERED = 16_384
"""Documents at most, and as many logs and long forms of a did:peer:4."""
HEAVIEST = 1 << 26
"""Characters of all of each kind."""


def recall_nothing(_: str) -> None:
    """Nobody keeps long forms."""


@dataclass(frozen=True)
class Lifetimes:
    """For how long what came over the web is good, in seconds."""

    did_web: float = 3600.0
    shortest: float = 5.0
    """Whatever the owner of a log says (`ttl`): whoever needed it for a message has to find it."""
    longest: float = 86_400.0


class NoLogs:
    """`engine.ports.KnownLogs` of somebody who keeps none."""

    def own(self, scid: str) -> KeptLog | None:
        return None

    def told(self, scid: str) -> KeptLog | None:
        return None


class DidResolver:
    """Belongs to one event loop."""

    def __init__(
        self,
        web: WebClient | None,
        clock: Clock,
        lifetimes: Lifetimes = Lifetimes(),
        remembered: int = REMEMBERED,
        recall: Recall = recall_nothing,
    ) -> None:
        """Without `web`, only names that carry their document, and logs that were handed over."""
        self._web = web
        self._clock = clock
        self._lifetimes = lifetimes
        self._recall = recall
        self._documents: Cache[Document] = Cache(remembered, HEAVIEST)
        self._long_forms: Cache[str] = Cache(remembered, HEAVIEST)
        self._logs: Cache[VerifiedLog] = Cache(remembered, HEAVIEST)
        self._texts: Cache[KeptLog] = Cache(remembered, HEAVIEST)
        self._asked: Cache[bool] = Cache(remembered, HEAVIEST)
        """Of whom somebody was asked lately."""
        self._fetching: dict[str, asyncio.Task[Document]] = {}
        self.known: KnownLogs = NoLogs()
        self.ask: Ask | None = None
        """How to ask for a log whoever a `?src=` names by DID."""

    # --- asking ------------------------------------------------------------------------------------

    def at_hand(self, did: str) -> Document | None:
        """Without waiting: None where somebody has to be asked, and where the name is no good."""
        known = self._documents.get(did, self._clock())
        if known is not None:
            return known
        try:
            return self._from_name(did)
        except DidRefused:
            return None

    async def resolve(self, did_url: str) -> Document:
        """The document of a DID, or of the DID that a DID URL begins with. Raises `DidRefused`."""
        known = self._documents.get(did_url, self._clock())
        if known is not None:
            return known
        try:
            url = read_did_url(did_url)
        except NotADid as problem:
            raise DidRefused("not-a-did", str(problem)) from None
        version = read_version_query(url.query)
        return await (self._resolve_newest(url) if version is None else self._resolve_past(url, version))

    async def _resolve_newest(self, url: DidUrl) -> Document:
        source = source_of(url) if url.did.startswith(SCID) else None
        known = self._documents.get(url.did, self._clock()) or self._from_name(url.did)
        if known is not None and not self._is_to_be_asked(url.did, source):
            return known
        return await self._fetch_once(url.did, source)

    def _is_to_be_asked(self, did: Did, source: WebvhName | Did | None) -> bool:
        """What is served nowhere is good for ever, unless somebody is named who may have a newer one."""
        return isinstance(source, str) and self._asked.get(did, self._clock()) is None

    async def _resolve_past(self, url: DidUrl, version: VersionQuery) -> Document:
        if not url.did.startswith((SCID, WEBVH)):
            raise DidRefused("not-found", f"{show_did(url.did)} has no versions to choose from")
        try:
            await self._resolve_newest(url)
        except DidRefused as problem:
            if problem.problem != "deactivated":
                raise
        log = self.log_of(url.did)
        assert log is not None, "a document of a log comes from a log"
        return log.document_called(url.did, version.find(log).number)

    def log_of(self, did: str) -> VerifiedLog | None:
        """What is known of the log of a did:webvh or did:scid, however old."""
        return self._logs.get(scid_of(did), self._clock())

    # --- being told --------------------------------------------------------------------------------

    def learn_long_form(self, long: str) -> Did:
        """The short form, which is understood from now on."""
        short = short_form(long)
        self._keep(long)
        return short

    def long_form(self, did: str) -> str | None:
        """Of a did:peer:4 in either form, if it was seen."""
        if not did.startswith(PEER_4):
            return None
        return self._long_forms.get(did, self._clock()) or self._recall(did) if is_short(did) else did

    def learn_log(self, log: VerifiedLog) -> None:
        """A log that came with a message, or our own. An older one than is known changes nothing."""
        known = self.log_of(log.name)
        if known is not None:
            check_past(known, log)
            if known.epoch > log.epoch:
                return
        self._logs.put(log.scid, log, len(log_to_jsonl(log.entries)))
        for version in log.versions:
            self._documents.drop(version.did)
        self._documents.drop(log.name)
        if not log.deactivated:
            self._put(log.name, log)
            self._put(log.did, log)

    async def learn(self, kept: KeptLog, name: str) -> VerifiedLog:
        """The newest that is known of the log with that name, now that its text was told. Raises `DidRefused`
        where nobody should believe it, or it is another's."""
        known, now_s = self.log_of(name), self._clock()
        # In a thread: a long log takes a quarter of a second, and others have messages to read.
        log = await asyncio.to_thread(_believe, kept, now_s, known)
        if log.scid != scid_of(name):
            raise DidRefused("wrong-scid", f"the log that was given for {show_did(name)} is another's")
        self.learn_log(log)
        newest = self.log_of(name) or log
        if newest is log:
            self._texts.put(log.scid, kept, len(kept.lines) + len(kept.approvals))
        return newest

    def text_of(self, did: str) -> KeptLog | None:
        """The log that was believed lately of a did:webvh or did:scid."""
        return self._texts.get(scid_of(did), self._clock())

    def outdated(self, did: str) -> None:
        """What was found out of the log with that name is not the newest any more."""
        log = self.log_of(did)
        for name in () if log is None else (log.name, *(version.did for version in log.versions)):
            self._documents.drop(name)

    def forget(self, did: str) -> None:
        """Ask again next time."""
        self._documents.drop(did)

    def _put(self, did: Did, log: VerifiedLog) -> Document:
        """For as long as the log says. Nobody can be asked about one that is served nowhere."""
        document = log.document_called(did)
        nowhere = read_webvh(log.did).location.host == NOWHERE
        until = math.inf if nowhere else self._clock() + self._lifetime_s(log)
        self._documents.put(did, document, len(log_to_jsonl([log.newest.entry])), until)
        return document

    def _lifetime_s(self, log: VerifiedLog) -> float:
        lifetimes = self._lifetimes
        return min(max(log.newest.parameters.ttl_s, lifetimes.shortest), lifetimes.longest)

    def _document_of(self, log: VerifiedLog, did: Did) -> Document:
        return self._documents.get(did, self._clock()) or self._put(did, log)

    # --- names that carry their document -----------------------------------------------------------

    def _from_name(self, did: str) -> Document | None:
        if not is_did(did):
            raise DidRefused("not-a-did", f"{show_did(did)!r} is not a DID")
        if did.startswith(("did:key:", "did:peer:")):
            return self._keep(did)
        if method_of(Did(did)) not in ("web", "webvh", "scid"):
            raise DidRefused("unknown-method", f"{show_did(did)} is of a method that is not read here")
        return None

    def _keep(self, did: str) -> Document:
        document = normalise(did, self._read_name(did))
        self._documents.put(did, document, len(did))
        if did.startswith(PEER_4) and not is_short(did):
            self._long_forms.put(short_form(did), did, len(did))
        return document

    def _read_name(self, did: str) -> Document:
        if did.startswith(("did:key:", "did:peer:0")):
            return resolve_did_key(did)
        if did.startswith("did:peer:2"):
            return with_old_ids(resolve_did_peer_2(did))
        if not did.startswith(PEER_4):
            raise DidRefused(
                "unknown-method", f"{show_did(did)} is a did:peer of a kind that is not read here"
            )
        if not is_short(did):
            return resolve_long_form(did)
        long = self.long_form(did)
        if long is None:
            raise DidRefused("unknown-short-form", f"{did} was never told to us in its long form")
        return resolve_short_form(long)

    # --- names that say where to look --------------------------------------------------------------

    async def _fetch_once(self, did: Did, source: WebvhName | Did | None) -> Document:
        """Who asks while somebody else's question is under way waits for the same answer."""
        key = f"{did} {source.did if isinstance(source, WebvhName) else source or ''}"
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self._fetch(did, source))
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    def _done(self, key: str, task: asyncio.Task[Document]) -> None:
        self._fetching.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone; then nobody else would look at it

    async def _fetch(self, did: Did, source: WebvhName | Did | None) -> Document:
        if did.startswith(WEB):
            return await self._fetch_web(did)
        own = self.known.own(scid_of(did))
        if own is not None:
            log = await self.learn(own, did)
            self._asked.put(did, True, len(did), self._clock() + self._lifetime_s(log))
            return self._document_of(log, did)
        known = await self._known_log(did)
        if known is not None and known.deactivated:
            return known.document()  # there is none, and it says so
        if did.startswith(WEBVH):
            return self._document_of(await self._fetch_log(read_webvh(did)), did)
        name = read_scid_name(did)
        if known is None and source is None:
            raise DidRefused("not-found", f"{name} says nothing of a place, and its log was not handed over")
        if source is None and known is not None:
            source = read_webvh(known.did)
        return self._document_of(await self._fetch_from(name, source, known), name)

    async def _known_log(self, did: Did) -> VerifiedLog | None:
        known = self.log_of(did)
        told = self.known.told(scid_of(did)) if known is None else None
        return known if told is None else await self.learn(told, did)

    async def _fetch_from(
        self, name: Did, source: WebvhName | Did | None, known: VerifiedLog | None
    ) -> VerifiedLog:
        """Where nobody answers, and where nobody is to be asked, what was told before still holds."""
        if known is not None and isinstance(source, WebvhName) and source.location.host == NOWHERE:
            return known
        try:
            if isinstance(source, WebvhName):
                return await self._fetch_log(source)
            return await self._ask_for_log(source, name)
        except DidRefused as refused:
            if known is None or isinstance(source, WebvhName) or refused.problem != "unreachable":
                raise
            return known

    async def _ask_for_log(self, whom: Did | None, name: Did) -> VerifiedLog:
        if self.ask is None or whom is None:
            raise DidRefused("unreachable", f"nobody here can be asked for the log of {show_did(name)}")
        try:
            kept = await self.ask(whom, name)
        except CannotSend as problem:
            raise DidRefused("unreachable", f"the log of {show_did(name)} was asked for: {problem}") from None
        log = await self.learn(kept, name)
        self._asked.put(name, True, len(name), self._clock() + self._lifetime_s(log))
        return log

    async def _fetch_web(self, did: Did) -> Document:
        text = await self._get(read_web(did), "did.json", DOCUMENT_BYTES)
        document = normalise(did, read_object(text, "bad-document", f"the document of {show_did(did)}"))
        self._documents.put(did, document, len(text), self._clock() + self._lifetimes.did_web)
        return document

    async def _fetch_log(self, name: WebvhName) -> VerifiedLog:
        text = await self._get(name.location, "did.jsonl", LOG_BYTES)
        approvals = "[]"
        if '"witness"' in text:
            approvals = await self._get(name.location, "did-witness.json", WITNESS_BYTES)
        # An old copy, which whoever serves it may not know, changes nothing.
        return await self.learn(KeptLog(text, "" if approvals == "[]" else approvals), name.did)

    async def _get(self, location: Location, file: str, most: int) -> str:
        if self._web is None:
            raise DidRefused("unreachable", f"there is no way to the web, so {location.url(file)} is unknown")
        return await fetch_text(self._web, location.url(file), most)


def _believe(kept: KeptLog, now_s: float, known: VerifiedLog | None) -> VerifiedLog:
    return verify_log(log_from_jsonl(kept.lines), now_s, approvals_from_json(kept.approvals or "[]"), known)
