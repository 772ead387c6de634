"""Logs of names for life that come and go inside messages, from one engine to another.

A name for life says nothing of a place. So an engine tells the engine of whoever it writes to, ahead of the
first message that is from such a name, the log that proves it; and it gives the logs of its own picos to
whoever asks. A log is believed for what it proves, whoever tells it, and kept if a pico has to do with
whom it is about.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, did_of, keys_in, same_did, scid_in, show_did
from engine.core.protocols import picomesh
from engine.core.protocols.message_types import same_type
from engine.core.protocols.reactions import Trouble
from engine.core.protocols.report_problem import REPORT
from engine.ports import BadLog, CannotSend, Entropy, Envelopes, Journal, KeptLog, Letter, SetFact
from engine.runtime.correspondents import Correspondents
from engine.runtime.identities import Identities
from engine.runtime.letters import Letters
from engine.runtime.lives import Lives
from engine.runtime.receipts import Handled

logger = logging.getLogger(__name__)

NO_SUCH_LOG = "e.p.req.no-such-log"
REMEMBERED = 4096
"""Logs of which it is known in memory that they are kept, and to whom they were told. It may be forgotten."""

Learn = Callable[[KeptLog, str], Awaitable[object]]
"""Believe a log of that name. Raises `BadLog`."""
Find = Callable[[str], KeptLog | None]
"""A log that was believed lately, by its name."""


class ToldLogs:
    """`engine.ports.KnownLogs`."""

    def __init__(self, journal: Journal, lives: Lives, learn: Learn, find: Find) -> None:
        self._journal = journal
        self._lives = lives
        self._learn = learn
        self._find = find
        self.own = lives.own
        self._kept: OrderedDict[str, KeptLog] = OrderedDict()
        """Those that were found to be kept lately."""

    def told(self, scid: str) -> KeptLog | None:
        kept = self._journal.fact(_fact(scid))
        return None if kept is None else KeptLog(**json.loads(kept))

    async def keep(self, did: str) -> None:
        """Durable when this returns. Nothing for names of another kind, or whose log nobody has told."""
        scid = scid_in(did)
        log = None if scid is None else self._find(did)
        if scid is None or log is None or self._kept.get(scid) is log or self.own(scid) is not None:
            return
        if log != self.told(scid):
            await self._journal.commit([SetFact(_fact(scid), json.dumps(asdict(log)))])
        self._kept[scid] = log
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    async def current(self, did: str) -> KeptLog | None:
        """The log of a pico that is, or was, here."""
        pico, scid = self._lives.pico_of(did), scid_in(did)
        if pico is not None:
            return await self._lives.current(pico)
        return None if scid is None else self.own(scid)

    async def learn(self, log: KeptLog, did: str) -> None:
        """Whoever tells it. Raises `BadLog`. An own log is written by nobody else."""
        scid = scid_in(did)
        if scid is None:
            raise BadLog("names of that kind have no logs")
        if self.own(scid) is None:
            await self._learn(log, did)


class LogDesk:
    """Hears messages about logs to the engine itself."""

    def __init__(self, logs: ToldLogs, correspondents: Correspondents) -> None:
        self._logs = logs
        self._correspondents = correspondents

    def is_for_it(self, type: str) -> bool:
        return same_type(type, picomesh.LOG_QUERY) or same_type(type, picomesh.LOG)

    async def hear(self, letter: Letter) -> Handled:
        wrong = self._correspondents.examine(letter)
        if wrong is not None:
            return Handled("unreadable", wrong.replies)
        if same_type(letter.message.type, picomesh.LOG):
            return await self._take(letter)
        return await self._give(letter)

    async def _take(self, letter: Letter) -> Handled:
        try:
            await self._logs.learn(log_in(letter.message), did_of(letter.message.body["did"]))
        except BadLog as problem:
            logger.info("a log that %s tells is not believed: %s", show_did(str(letter.sender)), problem)
            return Handled("unreadable")
        return Handled()

    async def _give(self, letter: Letter) -> Handled:
        named = did_of(letter.message.body["did"])
        log, facts = await self._logs.current(named), self._correspondents.facts(letter)
        if log is None or letter.sender is None:
            return Handled(answers=self._correspondents.report(letter, Trouble(NO_SUCH_LOG)))
        id = facts.new_id(f"log of {named} for {letter.message.id}")
        told = write_log(
            id, named, log, facts.now_s, Did(str(letter.recipient)), letter.sender, letter.message.thread
        )
        return Handled(answers=(told,))


class Herald:
    """Tells logs ahead of the messages that are from the names they prove."""

    def __init__(
        self,
        logs: ToldLogs,
        letters: Letters,
        identities: Identities,
        now_ms: Callable[[], int],
        entropy: Entropy,
    ) -> None:
        self._logs = logs
        self._letters = letters
        self._identities = identities
        self._now_ms = now_ms
        self._entropy = entropy
        self._told: OrderedDict[tuple[str, str], KeptLog] = OrderedDict()

    async def tell(self, sender: Did, engine: Did) -> None:
        """The engine that takes in a message from that name. Raises `CannotSend`."""
        key = keys_in(engine) or engine, sender
        log = await self._logs.current(sender)
        if log is None or self._told.get(key) == log:
            return
        now_s, me = self._now_ms() // 1000, self._identities.engine
        told = write_log(self._entropy.seed(), sender, log, now_s, me, engine)
        await self._letters.send(told, engine)
        self._told[key] = log
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)


class LogQuestions:
    """Asks other engines, as this engine."""

    def __init__(
        self,
        letters: Letters,
        envelopes: Envelopes,
        identities: Identities,
        now_ms: Callable[[], int],
        entropy: Entropy,
    ) -> None:
        self._letters = letters
        self._envelopes = envelopes
        self._identities = identities
        self._now_ms = now_ms
        self._entropy = entropy

    async def ask(self, whom: Did, name: Did) -> KeptLog:
        me, id, now_s = self._identities.engine, self._entropy.seed(), self._now_ms() // 1000
        return await ask_for_log(self._letters, self._envelopes, me, id, now_s, whom, name)


async def ask_for_log(
    letters: Letters, envelopes: Envelopes, me: Did, id: str, now_s: int, whom: Did, name: Did
) -> KeptLog:
    """What whoever that is has of the log of a name for life. Raises `CannotSend`."""
    headers = {"return_route": "all"}
    message = Message(id, picomesh.LOG_QUERY, {"did": name}, me, (whom,), created_time=now_s, headers=headers)
    posted = await letters.send(message, whom)
    if posted.reply is None:
        raise CannotSend("nothing came back over the connection", is_final=False)
    try:
        letter = await envelopes.open(posted.reply, now_s)
    except Refused as refused:
        raise CannotSend(f"what came back cannot be read: {refused.reason}", is_final=False) from None
    answer = letter.message
    if letter.sender is None or not same_did(letter.sender, whom):
        raise CannotSend("what came back is from somebody else", is_final=False)
    if same_type(answer.type, REPORT) and answer.pthid == id:
        raise CannotSend("it keeps no such log")
    if (
        answer.thid != id
        or not same_type(answer.type, picomesh.LOG)
        or not isinstance(answer.body.get("log"), str)
    ):
        raise CannotSend("what came back answers something else", is_final=False)
    return log_in(answer)


def write_log(
    id: str, name: str, log: KeptLog, now_s: int, me: Did, to: Did, thid: str | None = None
) -> Message:
    body = {"did": name, "log": log.lines, **({"approvals": log.approvals} if log.approvals else {})}
    return Message(id, picomesh.LOG, body, me, (to,), thid=thid, created_time=now_s)


def log_in(message: Message) -> KeptLog:
    return KeptLog(message.body["log"], str(message.body.get("approvals") or ""))


def _fact(scid: str) -> str:
    return f"log told of {scid}"
