"""The page with the graph: what it shows, and that it can be used without seeing it or a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.ui.conftest import LAMPS
from tests.ui.visitor import Engine, Visitor, wait_for


def labels(page: Page) -> set[str]:
    wait_for(page, "window.picomeshGraph")
    found: list[str] = page.evaluate("picomeshGraph.nodes().map((node) => node.data('label'))")
    return set(found)


def test_the_family_is_drawn(visitor: Visitor, page: Page) -> None:
    """The root, its children, and the engine that they live on."""
    page.goto("/")
    found = labels(page)
    assert {"root pico", *LAMPS} <= found
    assert any(label.endswith("(here)") for label in found)
    assert visitor.complaints == []


def test_whoever_does_not_see_the_graph_has_a_list(page: Page) -> None:
    """With the same picos; choosing one there tells of it."""
    page.goto("/")
    page.locator("#list").get_by_role("button", name=LAMPS[0]).click()
    chosen = page.locator("#chosen")
    expect(chosen.get_by_role("heading")).to_have_text(LAMPS[0])
    expect(chosen.get_by_role("link", name="Open")).to_be_visible()


def test_the_keyboard_goes_from_pico_to_pico_and_opens_one(page: Page, engine: Engine) -> None:
    """Arrow keys choose the nearest one on that side, Enter opens its page."""
    page.goto("/")
    labels(page)
    page.locator("#graph").focus()
    for key in ("ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        if page.locator("#chosen h2").inner_text() in LAMPS:
            break
    name = page.locator("#chosen h2").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ui/picos/{engine.find(name)['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_search_finds_by_name_and_says_when_there_is_nothing(page: Page) -> None:
    """Wherever one is: the search of other pages leads here."""
    page.goto("/")
    labels(page)
    page.get_by_role("searchbox").fill("hall")
    page.keyboard.press("Enter")
    expect(page.locator("#found").get_by_role("link")).to_have_count(1)
    page.get_by_role("searchbox").fill("nobody of that name")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("Nothing here is called “nobody of that name”")


def test_an_engine_that_does_not_answer_is_told_with_what_helps(page: Page) -> None:
    """Instead of a picture without picos."""
    page.route("**/api/picos", lambda route: route.abort())
    page.goto("/")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("the engine does not answer")
    expect(problem).to_contain_text("picomesh serve")
