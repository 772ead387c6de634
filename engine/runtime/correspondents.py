"""What is remembered of those who write to this engine, so that no two programs complain without end.

It is in memory, of those who were heard last, and a restart forgets it: it is good for politeness, and
nothing that was promised depends on it. What a promise depends on is kept elsewhere and durable: that a
message is taken in once, by the journal; what a pico has asked of whom, by the pico.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.dids import short_did
from engine.core.protocols.hearing import examine, hear
from engine.core.protocols.reactions import Facts, Reaction, State, Trouble, ids_from
from engine.core.protocols.relationships import begin
from engine.core.protocols.report_problem import report
from engine.core.protocols.table import features
from engine.ports import Letter

MOST_REMEMBERED = 1024
"""Pairs of a DID of ours and one of theirs."""
REMEMBERED = "problems"
"""All of a protocols' state that is: what was complained of, in which threads, how often."""
FEATURES = features()

Pair = tuple[str, str]


class Correspondents:
    """Hears messages by the protocols' tables, as between two who have met, if they have, to complain."""

    def __init__(self, seed: str, now_ms: Callable[[], int]) -> None:
        self._new_id = ids_from(seed)
        self._now_ms = now_ms
        self._kept: OrderedDict[Pair, Any] = OrderedDict()

    def hear(self, letter: Letter) -> Reaction:
        """What its protocol makes of a message. The state is good for answering this one, and not kept."""
        return self._noted(letter, hear(self._state(letter), letter.message, self.facts(letter)))

    def examine(self, letter: Letter) -> Reaction | None:
        """What is wrong with a message, whatever it answers; None if nothing is."""
        found = examine(self._state(letter), letter.message, self.facts(letter))
        return None if found is None else self._noted(letter, found)

    def report(self, letter: Letter, trouble: Trouble) -> tuple[Message, ...]:
        """The report of a problem, unless there is nobody who could be told or enough was said."""
        told = report(self._state(letter), trouble, letter.message, self.facts(letter))
        return self._noted(letter, told).replies

    def facts(self, letter: Letter) -> Facts:
        who = letter.sender

        def new_id(purpose: str) -> str:
            return self._new_id(f"{purpose} for {who}")

        return Facts(who, letter.recipient, self._now_ms() // 1000, new_id, features=FEATURES)

    def known(self, letter: Letter) -> Mapping[str, Any]:
        """As a part of the state with which a message is heard."""
        kept = self._kept.get(_pair(letter)) if letter.sender is not None else None
        return {} if kept is None else {REMEMBERED: kept}

    def note(self, letter: Letter, state: State) -> None:
        """Remember what came of hearing it. Of those who are nobody in particular nothing is."""
        if letter.sender is None or REMEMBERED not in state:
            return
        self._kept[_pair(letter)] = state[REMEMBERED]
        self._kept.move_to_end(_pair(letter))
        if len(self._kept) > MOST_REMEMBERED:
            self._kept.popitem(last=False)

    def _state(self, letter: Letter) -> State:
        return {**begin(str(letter.recipient), letter.sender), **self.known(letter)}

    def _noted(self, letter: Letter, reaction: Reaction) -> Reaction:
        self.note(letter, reaction.state)
        return reaction


def _pair(letter: Letter) -> Pair:
    """However long their names were written."""
    return short_did(str(letter.recipient)), short_did(str(letter.sender))
