"""Answers to what a turn must know before it can go on.

A question that cannot be answered is answered too, with `{"error": …}`: the ruleset that asked
decides what that means. Answers become inputs of the turn and are recorded with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from engine.core.codec import Unreadable
from engine.core.messages import Question
from engine.core.model import PicoId
from engine.ports import FetchFailed
from engine.runtime.equipment import AnswerKind
from engine.runtime.shelf import NotTrusted, Shelf
from engine.runtime.web import WebAnswers
from pico_lang.diagnostics import RulesetRefused

Answer = Mapping[str, Any]

logger = logging.getLogger(__name__)


MISTAKE: Answer = {"error": "the engine made a mistake while it looked for an answer"}


class Questions:
    """The shell's side of `Asks`: one function for each kind of question. Those about picos come from
    `engine.runtime.neighbours`, when there are picos."""

    def __init__(self, shelf: Shelf, web: WebAnswers) -> None:
        self._shelf = shelf
        self._kinds: dict[str, AnswerKind] = {
            "ruleset": self._answer_ruleset,
            "rulesets": self._answer_rulesets,
            "program": self._answer_program,
            "version": self._answer_version,
            "http": web.answer,
        }

    def learn(self, kinds: Mapping[str, AnswerKind]) -> None:
        self._kinds.update(kinds)

    async def answer(self, pico: PicoId, question: Question) -> Answer:
        """Whatever that pico asks and whatever happens, an answer."""
        answer_kind = self._kinds.get(question.kind)
        if answer_kind is None:
            return {"error": f"this engine cannot answer questions of kind {question.kind!r}"}
        try:
            return await answer_kind(pico, question.content)
        except Unreadable as damage:
            return {"error": f"what is stored of the other pico cannot be read: {damage}"}
        except Exception:
            # A bug of ours must not leave the pico waiting for ever.
            logger.exception("a question of kind %r could not be answered", question.kind)
            return MISTAKE

    async def _answer_ruleset(self, pico: PicoId, content: Mapping[str, Any]) -> Answer:
        try:
            found = await self._shelf.find(content["url"], pico)
        except NotTrusted as problem:
            return {"error": str(problem), "code": "R614"}
        except RulesetRefused as problem:
            return {"error": str(problem), "code": "R613"}
        except FetchFailed as problem:
            return {"error": str(problem)}
        return found.to_answer()

    async def _answer_rulesets(self, pico: PicoId, content: Mapping[str, Any]) -> Answer:
        return {"rulesets": [await self._answer_ruleset(pico, {"url": url}) for url in content["urls"]]}

    async def _answer_program(self, pico: PicoId, content: Mapping[str, Any]) -> Answer:
        """Whether this version can run a text that it once accepted."""
        program = await self._shelf.reopen(content["hash"])
        return {"error": program} if isinstance(program, str) else {"rid": program.rid, "hash": program.hash}

    async def _answer_version(self, pico: PicoId, content: Mapping[str, Any]) -> Answer:
        """Which version of its ruleset a text is that this engine keeps."""
        known = await self._shelf.version(content["hash"])
        return {"error": "the text is not at hand"} if known is None else {"version": known.version}
