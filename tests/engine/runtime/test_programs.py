"""Compiled rulesets: made from kept texts, remembered, and never a surprise."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.depth import DepthLimit
from engine.core.messages import Question
from engine.core.model import PicoId, RulesetHash
from engine.ports import KeepRuleset, WebResponse
from engine.runtime.compilers import TOO_MUCH
from engine.runtime.programs import SHORT_TEXT, CompiledPrograms, text_hash
from engine.runtime.questions import Questions
from engine.runtime.shelf import FORMER_TEXTS
from engine.runtime.web import WebAnswers
from pico_lang.diagnostics import RulesetRefused, diagnostic
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source, Span
from tests.engine.in_loop import in_loop
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.shelf import Site, memory_shelf
from tests.fakes.web import FakeWeb

TEXTS = [f"ruleset r{number} {{}}" for number in range(3)]
URL = "file:///r.krl"
ANN = PicoId("ann")
NO_WEB = WebAnswers(FakeWeb(lambda request: WebResponse(404, "Not Found", {}, "")), 1, 1)


class Compiler:
    """The real one, which also remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, source: Source) -> Program:
        self.names.append(source.name)
        return compile_ruleset(source, {})


async def kept(*texts: str) -> MemoryJournal:
    journal = MemoryJournal()
    for text in texts:
        await journal.commit([KeepRuleset(text_hash(text), URL, text)])
    return journal


@in_loop
async def test_a_kept_text_is_compiled_once() -> None:
    """The second time it is remembered."""
    compiler = Compiler()
    programs = CompiledPrograms(await kept(*TEXTS), compiler)
    digest = text_hash(TEXTS[0])
    program = programs.get(digest)
    assert program is not None
    assert (program.rid, program.hash) == ("r0", digest)
    assert programs.get(digest) is program
    assert len(compiler.names) == 1


@in_loop
async def test_the_least_used_program_is_forgotten_first() -> None:
    """With room for two, the third takes the place of the one that nobody asked for since."""
    programs = CompiledPrograms(await kept(*TEXTS), Compiler(), capacity=2)
    first, second, third = map(text_hash, TEXTS)
    for digest in (first, second, first, third):
        assert programs.get(digest) is not None
    assert programs.missing([first, second, third]) == [second]


@in_loop
async def test_programs_are_prepared_ahead() -> None:
    """Afterwards none of them is missing."""
    programs = CompiledPrograms(await kept(*TEXTS), Compiler())
    digests = list(map(text_hash, TEXTS))
    assert programs.missing(digests) == digests
    await programs.prepare(digests)
    assert programs.missing(digests) == []


@in_loop
async def test_a_text_that_cannot_be_compiled_any_more_is_no_program(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor is one that is not kept: the log says so, and whoever asks learns that there is none."""
    bad = "ruleset bad { rule }"
    programs = CompiledPrograms(await kept(bad), Compiler())
    assert programs.get(text_hash(bad)) is None
    assert "does not compile any more" in caplog.text
    assert programs.get(RulesetHash("ab" * 32)) is None
    assert "is not in the journal" in caplog.text
    with pytest.raises(RulesetRefused):
        await programs.learn(bad, URL)


@in_loop
async def test_a_fetched_ruleset_is_kept() -> None:
    """By its hash, and under its URL; fetched again unchanged it is not written again."""
    journal, site = MemoryJournal(), Site()
    questions = Questions(memory_shelf(journal, site), NO_WEB)
    site.texts[URL] = TEXTS[0]
    digest = text_hash(TEXTS[0])
    answer = await questions.answer(ANN, Question("ruleset", {"url": URL}))
    assert answer == {"rid": "r0", "hash": digest, "url": URL, "keeps": FORMER_TEXTS}
    assert journal.ruleset_text(digest) == TEXTS[0]
    assert journal.ruleset_at(URL) == digest
    await questions.answer(ANN, Question("ruleset", {"url": URL}))
    assert journal.transactions == 1


@in_loop
async def test_every_question_is_answered() -> None:
    """Also one about a text that cannot be had or compiled, of a kind nobody knows, or that meets a bug."""
    journal, site = MemoryJournal(), Site()
    questions = Questions(memory_shelf(journal, site), NO_WEB)
    site.texts["file:///bad"] = "ruleset bad { rule }"
    for question, reason in [
        (Question("ruleset", {"url": "file:///gone"}), "there is nothing at"),
        (Question("ruleset", {"url": "file:///bad"}), "file:///bad:1:"),
        (Question("weather", {}), "cannot answer questions of kind 'weather'"),
        (Question("ruleset", {}), "the engine made a mistake"),
        (Question("http", {}), "the engine made a mistake"),
    ]:
        answer = await questions.answer(ANN, question)
        assert reason in answer["error"]


# --- where texts are compiled ----------------------------------------------------------------------

LONG = f"ruleset long {{ // {'-' * SHORT_TEXT}\n}}"


class Elsewhere:
    """`engine.runtime.programs.CompileElsewhere`, of which the test says when it is done."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def compile(self, source: Source, who: str) -> Program:
        self.asked.append((source.name, who))
        await self.may_end.wait()
        return compile_ruleset(source, {})


@in_loop
async def test_only_long_texts_are_compiled_elsewhere() -> None:
    """On behalf of the pico that asked; those of the library, which can do no harm, are not."""
    compiler, elsewhere = Compiler(), Elsewhere()
    programs = CompiledPrograms(await kept(), compiler, elsewhere)
    assert (await programs.learn(LONG, "file:///long.krl", "ann")).rid == "long"
    assert (await programs.learn(TEXTS[0], "file:///short.krl", "ann")).rid == "r0"
    assert (await programs.learn(LONG.replace("long", "own"), "library:own", "ann")).rid == "own"
    assert elsewhere.asked == [("file:///long.krl", "ann")]
    assert compiler.names == ["file:///short.krl", "library:own"]


@in_loop
async def test_without_another_place_everything_is_compiled_here() -> None:
    compiler = Compiler()
    assert (await CompiledPrograms(await kept(), compiler).learn(LONG, URL)).rid == "long"
    assert compiler.names == [URL]


@in_loop
async def test_a_text_that_many_need_at_once_is_compiled_once() -> None:
    """One who gives up meanwhile takes nobody else along."""
    elsewhere = Elsewhere()
    elsewhere.may_end.clear()
    programs = CompiledPrograms(await kept(LONG), Compiler(), elsewhere)
    digest = text_hash(LONG)
    first, *others = [asyncio.ensure_future(programs.prepare([digest])) for _ in range(5)]
    while not elsewhere.asked:
        await asyncio.sleep(0)
    first.cancel()
    elsewhere.may_end.set()
    await asyncio.gather(*others)
    assert len(elsewhere.asked) == 1
    assert programs.missing([digest]) == []


TOO_DEEP = RulesetRefused([diagnostic("K105", "nested too deeply to be compiled", Span(0, 0))], Source(""))


@pytest.mark.parametrize("problem", [RecursionError(), TOO_DEEP], ids=["python", "language"])
@in_loop
async def test_for_want_of_stack_a_text_is_compiled_elsewhere(problem: Exception) -> None:
    """Turns have a limit of their own, and Python has one for all threads; that is not the text's fault."""

    def fail(source: Source) -> Program:
        raise problem

    elsewhere = Elsewhere()
    assert (await CompiledPrograms(await kept(), fail, elsewhere).learn(TEXTS[0], URL)).rid == "r0"
    assert elsewhere.asked == [(URL, "")]


@in_loop
async def test_in_the_middle_of_a_turn_a_deep_text_is_compiled_too() -> None:
    """However little depth that turn has."""
    deep = f"ruleset deep {{ global {{ x = {'[' * 150}{']' * 150} }} }}"
    programs = CompiledPrograms(await kept(deep), Compiler())
    with DepthLimit(20):
        program = programs.get(text_hash(deep))
    assert program is not None
    assert program.rid == "deep"


class Unable:
    """`engine.runtime.programs.CompileElsewhere` that has not enough of anything."""

    async def compile(self, source: Source, who: str) -> Program:
        raise RulesetRefused([diagnostic(TOO_MUCH, "could not be compiled: why not", Span(0, 0))], source)


@in_loop
async def test_a_kept_text_that_could_not_be_compiled_elsewhere_is_none_the_less_a_ruleset(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a turn comes to must not depend on how busy the machine was."""
    programs = CompiledPrograms(await kept(LONG), Compiler(), Unable())
    digest = text_hash(LONG)
    await programs.prepare([digest])
    assert "is left for later" in caplog.text
    program = programs.get(digest)
    assert program is not None
    with pytest.raises(RulesetRefused, match="why not"):
        await programs.learn(LONG + " ", URL)


@in_loop
async def test_of_very_many_mistakes_the_first_are_told() -> None:
    """They become an answer in the pico's journal, and that has to stay readable."""
    wild = f"ruleset wild {{ global {{ x = [{','.join(['no'] * 500)}] }} }}"
    with pytest.raises(RulesetRefused, match="this and 399 more mistakes"):
        await CompiledPrograms(await kept(), Compiler()).learn(wild, URL)
