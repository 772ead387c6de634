"""Answers to what a turn must know before it can go on.

A question that cannot be answered is answered too, with `{"error": …}`: the ruleset that asked
decides what that means. Answers become inputs of the turn and are recorded with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from engine.core.messages import Question
from engine.core.model import PicoId
from engine.ports import FetchFailed, Journal, KeepRuleset, RulesetSource
from engine.runtime.equipment import AnswerKind
from engine.runtime.programs import CompiledPrograms, text_hash
from engine.runtime.web import WebAnswers
from pico_lang.diagnostics import RulesetRefused
from pico_lang.program import Program

Answer = Mapping[str, Any]

logger = logging.getLogger(__name__)


class Questions:
    """The shell's side of `Asks`: one function for each kind of question. Those about picos come from
    `engine.runtime.neighbours`, when there are picos."""

    def __init__(
        self, journal: Journal, programs: CompiledPrograms, source: RulesetSource, web: WebAnswers
    ) -> None:
        self._journal = journal
        self._programs = programs
        self._source = source
        self._kinds: dict[str, AnswerKind] = {
            "ruleset": self._answer_ruleset,
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
        except Exception:
            # A bug of ours must not leave the pico waiting for ever.
            logger.exception("a question of kind %r could not be answered", question.kind)
            return {"error": "the engine made a mistake while it looked for an answer"}

    async def _answer_ruleset(self, pico: PicoId, content: Mapping[str, Any]) -> Answer:
        url = content["url"]
        try:
            program = await self.fetch_ruleset(url, pico)
        except (FetchFailed, RulesetRefused) as problem:
            return {"error": str(problem)}
        return {"rid": program.rid, "hash": program.hash, "url": url}

    async def fetch_ruleset(self, url: str, who: str = "") -> Program:
        """The program behind a URL, as it is there now, its text kept for ever; for a pico, if one asks.

        Raises `FetchFailed` or `RulesetRefused`.
        """
        text = await self._source.fetch(url)
        program = await self._programs.learn(text, url, who)
        digest = text_hash(text)
        if self._journal.ruleset_at(url) != digest:
            await self._journal.commit([KeepRuleset(digest, url, text)])
        return program
