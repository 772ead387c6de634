"""No text breaks the front end: it is a ruleset, or it is refused with diagnostics.

Ten thousand at every run; a campaign (`tests/campaign.py`) tries more, and others.
"""

from __future__ import annotations

from collections import Counter

from pico_lang import nodes
from pico_lang.diagnostics import RulesetRefused
from pico_lang.formatter import format_text
from pico_lang.lexer import lex
from pico_lang.nodes import Chevron, Ruleset
from pico_lang.parser import parse_text
from pico_lang.source import Source
from pico_lang.traversal import walk
from tests.campaign import examples, seed
from tests.pico_lang.grammar_fuzz import Generator
from tests.pico_lang.shapes import shape

COUNT = examples(10_000)
SEED = 20_260_101


def read(text: str) -> Ruleset | nodes.TestFile | None:
    """The tree, or None for a text that is refused in a way that people can read."""
    source = Source(text)
    try:
        return parse_text(source)
    except RulesetRefused as refused:
        check_refusal(refused)
        return None


def check_refusal(refused: RulesetRefused) -> None:
    """Its diagnostics are in the order of the text, point into it, and can be shown."""
    spans = [found.span for found in refused.diagnostics]
    assert spans == sorted(spans, key=lambda span: span.start)
    assert all(0 <= span.start <= span.end <= len(refused.source.text) for span in spans)
    assert len(str(refused).splitlines()) >= 3 * len(spans) > 0


def comments(text: str, tree: Ruleset | nodes.TestFile) -> Counter[str]:
    """All but those in chevrons, which are left as they are."""
    chevrons = [node.span for node in walk(tree) if isinstance(node, Chevron)]
    return Counter(
        comment.text.rstrip()
        for comment in lex(Source(text)).comments
        if not any(span.start < comment.start < span.end for span in chevrons)
    )


def check_formatting(text: str, tree: Ruleset | nodes.TestFile) -> None:
    formatted = format_text(Source(text))
    again = parse_text(Source(formatted))
    assert shape(again) == shape(tree), text
    assert comments(formatted, again) == comments(text, tree), text
    assert format_text(Source(formatted)) == formatted, text


def test_texts_of_the_grammar() -> None:
    """What the grammar derives is read, mostly accepted, and formatting changes only its layout."""
    generator = Generator(seed(SEED))
    accepted = 0
    for number in range(COUNT // 2):
        text = generator.ruleset(size=20 + number % 60)
        if (tree := read(text)) is not None:
            accepted += 1
            check_formatting(text, tree)
    assert accepted > COUNT // 6


def test_texts_of_tests() -> None:
    """The same for files that hold nothing else."""
    generator = Generator(seed(SEED + 2))
    accepted = 0
    for number in range(COUNT // 4):
        text = generator.tests(size=10 + number % 60)
        if (tree := read(text)) is not None:
            accepted += 1
            check_formatting(text, tree)
    assert accepted > COUNT // 12


def test_texts_that_are_slightly_broken() -> None:
    """A derived text with a few characters changed is still read without surprise."""
    generator = Generator(seed(SEED + 1))
    refused = 0
    for number in range(COUNT - COUNT // 2):
        text = generator.mutant(generator.ruleset(size=10 + number % 60))
        tree = read(text)
        if tree is None:
            refused += 1
        elif number % 4 == 0:
            check_formatting(text, tree)
    assert refused > COUNT // 6
