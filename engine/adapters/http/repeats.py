"""Requests that are sent again with an `Idempotency-Key`: they are answered as the first time, and done once.

For routes of the engine itself, and as long as it runs. Events of picos have their keys in the journal
instead, with what they did, and are known for ever.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256

from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import Reply

MOST_KEPT = 1_000
LARGEST = 64 << 10
"""Bytes of an answer that is remembered; what is larger is told again by looking."""

Key = tuple[str, str, str, str]
"""Who asks, by which method, where, and the key."""


class Repeats:
    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[str, Future[Reply]]] = OrderedDict()

    async def answer(self, key: Key, said: bytes, do: Callable[[], Awaitable[Reply]]) -> Reply:
        """What was answered before, or is about to be; else what is done now. What did not succeed is not
        remembered: it may be tried again. Raises `Problem` when the key was another request's."""
        mark = sha256(said).hexdigest()
        if (found := self._kept.get(key)) is not None:
            if found[0] != mark:
                raise Problem(
                    422, "key", "another request had that Idempotency-Key", hint="take a new one for each"
                )
            return await asyncio.shield(found[1])
        first: Future[Reply] = asyncio.get_running_loop().create_future()
        self._kept[key] = mark, first
        try:
            reply = await do()
        except BaseException as problem:
            del self._kept[key]
            first.set_exception(_again(problem))
            first.exception()  # perhaps nobody waits for it
            raise
        first.set_result(reply)
        if len(reply.body) > LARGEST:
            del self._kept[key]
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return reply


def _again(problem: BaseException) -> BaseException:
    """Whoever sent the same meanwhile hears of it too, unless only the first one has gone."""
    if isinstance(problem, Problem):
        return problem
    return Problem(503, "again", "the same request came to no end; send it again")
