"""Checks of tests that are written in the language."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pico_lang import nodes as n
from pico_lang.check_context import Context, Found, find_member
from pico_lang.diagnostics import diagnostic
from pico_lang.errors import FAULTS


def check_test_names(tests: Iterable[n.Test]) -> Found:
    seen: set[str] = set()
    for test in tests:
        if test.name.value in seen:
            message = f'there is another test "{test.name.value}"'
            yield diagnostic("K601", message, test.name.span, "rename one of them")
        seen.add(test.name.value)


def check_test(test: n.Test, context: Context) -> Found:
    if not any(isinstance(step, n.Expectation) for step in test.steps):
        yield diagnostic(
            "K512", f'the test "{test.name.value}" expects nothing', test.name.span, "add: expect …"
        )
    begun = False
    for step in test.steps:
        is_preset = isinstance(step, n.GivenPreset | n.GivenConfiguration)
        if begun and is_preset:
            yield diagnostic(
                "K603", "this is needed before anything else", step.span, "make it the first step of the test"
            )
        begun = begun or not is_preset


def check_given_answer(node: n.GivenAnswer, context: Context) -> Found:
    _, complaint = find_member(node.domain, node.name.id, node, context)
    if complaint is not None:
        yield complaint


def check_expected_error(node: n.ExpectError | n.ExpectFault, context: Context) -> Found:
    if node.code is not None and node.code.value not in FAULTS:
        close = get_close_matches(node.code.value, FAULTS, n=1)
        yield diagnostic(
            "K602",
            f"there is no error {node.code.value}",
            node.code.span,
            f"did you mean {close[0]}?" if close else "the codes of errors while running begin with R",
        )
