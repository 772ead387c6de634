"""The page of engines, where picos move by mouse and by keyboard, and the page about the system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.commands.process import EngineProcess
from tests.ui.visitor import Engine, prepare_home, wait_until


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Another engine, which takes in picos of engines that it trusts."""
    process = EngineProcess(prepare_home(tmp_path_factory.mktemp("harbour") / "home"))
    try:
        client = process.start()
        client.acceptance({"who": "known"})
        yield Engine(process, client)
    finally:
        process.end()


def drag(page: Page, what: Locator, onto: Locator) -> None:
    """The events of a drag, in their order: how soon a mouse's come depends on how busy a machine is."""
    carried = {"dataTransfer": page.evaluate_handle("() => new DataTransfer()")}
    what.dispatch_event("dragstart", carried)
    onto.dispatch_event("dragover", carried)
    expect(onto).to_have_class("card engine over")
    onto.dispatch_event("drop", carried)


def test_two_engines_meet_and_picos_move_between_them(page: Page, engine: Engine, harbour: Engine) -> None:
    """One is dragged onto the engine, another chosen with the keyboard and sent by the engine's button."""
    for name in ("Boat", "Raft"):
        engine.client.send_event("root", ("wrangler", "new_child_request"), {"name": name})
        wait_until(lambda name=name: any(one["name"] == name for one in engine.picos()))  # type: ignore[misc]
    invitation = harbour.client.change_engines("invite", trust="known")["url"]
    page.goto("/ui/engines")
    page.get_by_label("An invitation of another engine").fill(invitation)
    page.get_by_label("Call it").fill("harbour")
    with page.expect_navigation():
        page.get_by_role("button", name="Accept it").click()
    card = page.get_by_role("region", name="Engine harbour")
    expect(card).to_contain_text("picos")

    drag(page, page.locator(".movable", has_text="Boat"), card)
    expect(card).to_contain_text("It lives on harbour now.")
    page.get_by_label("Raft").focus()
    page.keyboard.press("Space")
    button = card.get_by_role("button", name="Move the chosen pico here")
    button.focus()
    page.keyboard.press("Enter")
    moves = page.get_by_role("region", name="Moves").first
    expect(moves.get_by_role("row")).to_have_count(3)
    expect(moves.get_by_role("row").last).to_contain_text("this engineharbour")
    expect(page.locator(".movable", has_text="Raft")).to_have_count(0)
    wait_until(lambda: {"Boat", "Raft"} <= {one["name"] for one in harbour.client.tree().get("beside", ())})


def test_who_presses_an_engines_button_without_a_pico_is_told_how(page: Page, harbour: Engine) -> None:
    page.goto("/ui/engines")
    page.get_by_role("button", name="Move the chosen pico here").click()
    expect(page.get_by_role("region", name="Engine harbour")).to_contain_text("Choose a pico in the list")


def test_the_system_page_tells_how_the_engine_is(page: Page) -> None:
    """The same figures that programs get."""
    page.goto("/ui/system")
    expect(page.locator("#health")).to_have_text("takes work")
    for name in ("Queues", "Storage", "IPFS and other stores"):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    expect(page.get_by_role("region", name="Storage")).to_contain_text("Free on that disk")
