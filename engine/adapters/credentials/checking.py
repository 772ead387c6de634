"""Presentations that come to an engine in messages: looked at in threads, since verifying blocks.

What has to be fetched is fetched by the event loop meanwhile, and only what those are asked for whom the
channel's policy names: the documents of its issuers, and the status lists they have signed the names of. For
what this home has issued itself nobody is asked.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from engine.adapters.credentials.didkit_process import Didkit
from engine.adapters.credentials.own_lists import FindList, no_lists
from engine.adapters.credentials.presenting import Presented, verify_presentation
from engine.adapters.credentials.reading import read_unproven
from engine.adapters.credentials.refusals import NotRelied, Refused
from engine.adapters.credentials.tokens import read_token
from engine.adapters.credentials.verifying import Expected, Verified, Verifier
from engine.core.dids import same_did
from engine.core.vouching import Doubt, Shown
from engine.ports import Presentation, WebClient, WebFailed, WebRequest

FetchDocument = Callable[[str], Coroutine[Any, Any, Mapping[str, Any] | None]]

FETCHING_S = 15.0
"""That whoever verifies waits for a document or a list."""
THREADS = 2
"""didkit does one thing at a time; another may wait for the network."""

_T = TypeVar("_T")


class PresentationChecks:
    """`engine.ports.CredentialCheck`. didkit runs from the first one that needs it until `stop`."""

    def __init__(self, fetch_document: FetchDocument, web: WebClient, own_lists: FindList = no_lists) -> None:
        self._fetch_document = fetch_document
        self._web = web
        self._own_lists = own_lists
        self._didkit = Didkit()
        self._threads = ThreadPoolExecutor(THREADS, "credentials")
        self._fetching: set[Future[Any]] = set()
        self._is_over = False

    async def check(
        self, presentation: Presentation, now_s: int
    ) -> tuple[tuple[Shown, int | None], ...] | Doubt:
        if self._is_over:
            return Doubt("unavailable", "the engine is ending")
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._verify, presentation, now_s, loop)
        if isinstance(found, Refused):
            return Doubt(found.code, found.reason)
        return tuple((_to_shown(one), one.valid_until_s) for one in found.credentials)

    def stop(self) -> None:
        """Waits for nobody; what is being looked at comes to nothing."""
        if not self._is_over:
            self._is_over = True
            for one in list(self._fetching):
                one.cancel()
            self._threads.submit(self._didkit.close)
            self._threads.shutdown(wait=False)

    # --- in a thread -------------------------------------------------------------------------------

    def _verify(
        self, shown: Presentation, now_s: int, loop: asyncio.AbstractEventLoop
    ) -> Presented | Refused:
        if (refused := _not_its_own(shown)) is not None:
            return refused
        wait = partial(self._wait, loop)
        verifier = Verifier(
            self._didkit, partial(self._document, wait, shown), partial(self._status_list, wait, shown, now_s)
        )
        expected = Expected(issuers=shown.issuers)
        return verify_presentation(shown.text, shown.challenge, shown.audience, now_s, verifier, expected)

    def _document(
        self, wait: Callable[[Coroutine[Any, Any, Any]], Any], shown: Presentation, did: str
    ) -> Mapping[str, Any] | None:
        """A stranger does not choose whom this engine asks."""
        if did not in shown.issuers and not same_did(did, shown.holder):
            return None
        found: Mapping[str, Any] | None = wait(self._fetch_document(did))
        return found

    def _status_list(
        self, wait: Callable[[Coroutine[Any, Any, Any]], Any], shown: Presentation, now_s: int, name: str
    ) -> str | None:
        """Our own; else from where its name says, or as the holder has brought it along: it is signed and has
        an end."""
        own = self._own_lists(name, now_s, self._didkit)
        if own is not None:
            return own
        fetched: str | None = wait(self._fetch_list(name)) if name.startswith("https://") else None
        return fetched or next((one for one in shown.lists if _name_of(one) == name), None)

    async def _fetch_list(self, url: str) -> str | None:
        try:
            response = await self._web.send(WebRequest("GET", url, {"accept": "application/vc+jwt, */*"}))
        except WebFailed:
            return None
        return response.content if response.status == 200 else None

    def _wait(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, _T]) -> _T | None:
        if self._is_over:
            coroutine.close()
            return None
        future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        self._fetching.add(future)
        try:
            return future.result(FETCHING_S)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            future.cancel()
            return None
        finally:
            self._fetching.discard(future)


def _not_its_own(shown: Presentation) -> Refused | None:
    """Before anything that costs: whether it is shown by whoever sends it."""
    try:
        holder = read_token(shown.text.strip()).payload.get("iss")
    except NotRelied as problem:
        return problem.refused
    if isinstance(holder, str) and same_did(holder, shown.holder):
        return None
    return Refused("wrong-subject", "it is shown by somebody else than the sender of the message")


def _name_of(status_list: str) -> str | None:
    found = read_unproven(status_list)
    return None if isinstance(found, Refused) else found.id


def _to_shown(one: Verified) -> Shown:
    return Shown(one.types, one.issuer, one.claims)
