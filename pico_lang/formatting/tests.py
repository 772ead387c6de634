"""How tests and their steps are laid out."""

from __future__ import annotations

from pico_lang.formatting.expressions import in_parentheses, leftmost
from pico_lang.formatting.layout import LINE, Layout, group, join, nest
from pico_lang.formatting.page import Page
from pico_lang.nodes import (
    Details,
    DomainName,
    Expectation,
    ExpectDirective,
    ExpectError,
    ExpectEvent,
    ExpectFault,
    ExpectValue,
    Expression,
    Given,
    GivenAnswer,
    GivenConfiguration,
    GivenEntity,
    GivenPreset,
    Name,
    Send,
    StringLiteral,
    Test,
    TestFile,
    Wait,
)

_EXPECTED = frozenset({"no", "directive", "raised", "sent", "scheduled", "error"})
"""Words that behind `expect` are not read as variables, unless in parentheses."""


def test_file(page: Page, node: TestFile) -> Layout:
    series = page.series(node)
    opening = join("tests for ", page.of(node.target), " {")
    return page.block(opening, series, [page.of(each) for each in node.tests], spaced=True)


def test(page: Page, node: Test) -> Layout:
    series = page.series(node)
    return page.block(join("test ", page.of(node.name), " {"), series, [page.of(each) for each in node.steps])


def given(page: Page, node: Given) -> Layout:
    match node:
        case GivenPreset():
            return join(f"given {node.kind} ", page.of(node.value))
        case GivenConfiguration():
            return join("given configuration ", page.of(node.value))
        case GivenEntity():
            path = join("{", page.of(node.path), "}") if node.path is not None else ""
            variable = join(f"given {node.domain}:", page.of(node.name), path)
            return join(variable, " := ", page.of(node.value))
        case GivenAnswer():
            asked = [join(LINE, "for ", page.of(node.asked))] if node.asked is not None else []
            answers = join(LINE, "answers ", page.of(node.answer))
            return group(f"given {node.domain}:", page.of(node.name), nest(*asked, answers))


def send(page: Page, node: Send) -> Layout:
    attributes = [nest(LINE, "attributes ", page.of(node.attributes))] if node.attributes is not None else []
    return group(f"send {node.domain}:{node.name}", *attributes)


def wait(page: Page, node: Wait) -> Layout:
    return join("wait ", page.of(node.amount), f" {node.unit}s")


def details(page: Page, node: Details) -> Layout:
    return join("exactly " if node.exact else "with ", page.of(node.value))


def expectation(page: Page, node: Expectation) -> Layout:
    match node:
        case ExpectValue():
            value = in_parentheses(page, node.value) if _misleads(node.value) else page.of(node.value)
            return join("expect ", value)
        case ExpectDirective():
            name = join(" ", page.of(node.name)) if node.name is not None else ""
            return _detailed(page, join(_expect(node.negated), "directive", name), node.details)
        case ExpectEvent():
            event = f"{node.kind} {node.domain}:{node.name}"
            return _detailed(page, join(_expect(node.negated), event), node.details)
        case ExpectError():
            return join(_expect(node.negated), "error", _code(page, node.code))
        case ExpectFault():
            return join("expect error", _code(page, node.code), " from ", page.of(node.value))


def _misleads(value: Expression) -> bool:
    """Whether an expression begins with a word that says something else behind `expect`."""
    match leftmost(value):
        case Name(id=word) | DomainName(domain=word):
            return word in _EXPECTED
    return False


def _expect(negated: bool) -> str:
    return "expect no " if negated else "expect "


def _code(page: Page, code: StringLiteral | None) -> Layout | str:
    return "" if code is None else join(" ", page.of(code))


def _detailed(page: Page, head: Layout, node: Details | None) -> Layout:
    return head if node is None else group(head, nest(LINE, page.of(node)))
