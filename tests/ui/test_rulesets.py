"""The tab of rulesets: writing one with what the checker says, trying it, and going back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import COUNTER
from tests.ui.visitor import Engine, wait_until

EDITOR = ".cm-content"
BY_TEN = COUNTER.read_text("utf-8").replace("total = count() + by", "total = count() + by * 10")


@pytest.fixture
def pico(engine: Engine) -> Iterator[str]:
    """A pico of its own with the counter, which has heard something."""
    engine.client.send_event("root", ("wrangler", "new_child_request"), {"name": "Counted"})
    wait_until(lambda: engine.find("Counted")["eci"] is not None)
    found = engine.find("Counted")
    engine.client.install(found["eci"], COUNTER.as_uri(), {})
    engine.client.send_event(found["eci"], ("counter", "increment"), {"by": 3})
    yield found["id"]
    engine.client.send_event(found["eci"], ("wrangler", "ready_for_deletion"), {})
    wait_until(lambda: all(one["id"] != found["id"] for one in engine.picos()))


def write(page: Page, text: str) -> None:
    """As somebody would who pastes it."""
    page.locator(EDITOR).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def test_mistakes_are_told_while_one_types(page: Page, engine: Engine) -> None:
    """With code, place and hint; a click leads there. Nothing of it is kept."""
    page.goto(f"/ui/picos/{engine.find(None)['id']}/rulesets?rid=counter")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("counter can be installed")
    before = len(engine.client.past("rulesets")["rulesets"])
    write(page, BY_TEN.replace("count() + by", "cuont() + by"))
    expect(verdict).to_contain_text("it cannot be installed like this")
    expect(page.locator("#findings")).to_contain_text("K201")
    expect(page.locator(".cm-lintRange-error")).to_have_count(1)
    page.locator("#findings").get_by_role("button").first.click()
    assert page.evaluate("document.activeElement.classList.contains('editor')")
    assert len(engine.client.past("rulesets")["rulesets"]) == before


def test_a_new_ruleset_is_written_and_installed(page: Page, engine: Engine, pico: str) -> None:
    """From the text that it begins with; then it has a form for its event."""
    page.goto(f"/ui/picos/{pico}/rulesets?new")
    expect(page.locator("#verdict")).to_contain_text("my.first 1.0.0 can be installed")
    page.get_by_role("button", name="Install it here").click()
    page.wait_for_url("**/rulesets?rid=my.first")
    page.goto(f"/ui/picos/{pico}/testing")
    expect(page.get_by_role("button", name="Send hello:greeted", include_hidden=True)).to_have_count(1)


def test_an_upgrade_is_tried_done_and_taken_back(page: Page, engine: Engine, pico: str) -> None:
    """The trial says which turns would have come out otherwise, and changes nothing."""
    page.goto(f"/ui/picos/{pico}/rulesets?rid=counter")
    write(page, BY_TEN)
    expect(page.locator("#verdict")).to_contain_text("counter can be installed")
    page.get_by_role("button", name="Try it on the last").click()
    expect(page.locator("#trial")).to_contain_text("turns would have come out otherwise")
    expect(page.locator("#trial")).to_contain_text("ent:count")

    with page.expect_navigation():
        page.get_by_role("button", name="Upgrade this pico").click()
    back = page.get_by_role("button", name="Roll back to the text before")
    expect(back).to_be_visible()
    expect(page.locator(EDITOR)).to_contain_text("by * 10")
    back.click()
    expect(page.locator(EDITOR)).not_to_contain_text("by * 10")


def test_another_ruleset_is_no_upgrade_of_this_one(page: Page, engine: Engine, pico: str) -> None:
    """It is said what to do instead, and nothing is installed."""
    page.goto(f"/ui/picos/{pico}/rulesets?rid=counter")
    write(page, BY_TEN.replace("ruleset counter", "ruleset tally"))
    expect(page.locator("#verdict")).to_contain_text("tally can be installed")
    page.get_by_role("button", name="Upgrade this pico").click()
    expect(page.get_by_role("alert")).to_contain_text("this text is of the ruleset tally, and not of counter")
    assert "tally" not in engine.find("Counted")["rulesets"]


def test_a_url_where_nothing_is_is_told(page: Page, pico: str) -> None:
    """Where the form is, with what the engine said."""
    page.goto(f"/ui/picos/{pico}/rulesets")
    page.get_by_text("Install from a URL").click()
    page.get_by_label("URL or CID of the ruleset").fill("file:///nowhere.krl")
    page.get_by_role("button", name="Install it").click()
    expect(page.get_by_role("alert")).to_contain_text("nowhere.krl")
