"""How many wills a pico may leave, and what one costs. What becomes of them is in `tests/rulesets`."""

from __future__ import annotations

import pytest

from engine.core import wills
from tests.engine.core.bench import Bench
from tests.engine.core.test_kernel_events import tell

LEAVER = tell("leaver", 'select when d leave ctx:setWill(event:attrs{"name"}, "eci", "d", "news", {})')


def test_a_pico_may_have_so_many_wills(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is a fault, of whichever ruleset; one that is there may be put in another's place."""
    monkeypatch.setattr(wills, "MOST_WILLS", 2)
    bench = Bench(LEAVER, LEAVER.replace("leaver", "other").replace("d leave", "d other"))
    bench.done("d", "leave", {"name": "a"})
    bench.done("d", "other", {"name": "a"})
    assert bench.failed("d", "leave", {"name": "b"}).fault.code == "R607"
    bench.done("d", "leave", {"name": "a"})
    assert {rid: list(names) for rid, names in bench.pico.wills.items()} == {"leaver": ["a"], "other": ["a"]}


def test_leaving_one_is_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is kept, and sent in the end: a turn must not leave thousands for the price of a loop."""
    assert wills.STEPS_OF_A_WILL > 1
    cheap = Bench(LEAVER).done("d", "leave", {"name": "a"}).steps
    monkeypatch.setattr(wills, "STEPS_OF_A_WILL", wills.STEPS_OF_A_WILL + 50)
    assert Bench(LEAVER).done("d", "leave", {"name": "a"}).steps == cheap + 50
