"""The page of a pico: who it is, and its life: children, names, forks, the end."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.ui.visitor import Engine, log_in, wait_for, wait_until


def test_it_tells_who_a_pico_is(page: Page, engine: Engine) -> None:
    """With the way up to the root, and named by a channel as well as by its id."""
    lamp = engine.find("Kitchen lamp")
    page.goto(f"/ui/picos/{lamp['eci']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kitchen lamp")
    page.get_by_role("navigation", name="Where it is").get_by_role("link", name="root pico").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("root pico")


def test_a_child_is_made_renamed_and_deleted(page: Page, engine: Engine) -> None:
    """Each by one form; deleting asks first."""
    page.goto(f"/ui/picos/{engine.find(None)['id']}")
    page.get_by_label("Name of a new child").fill("Cellar")
    with page.expect_navigation():
        page.get_by_role("button", name="Make it").click()
    wait_until(lambda: any(one["name"] == "Cellar" for one in engine.picos()))
    page.goto(f"/ui/picos/{engine.find('Cellar')['id']}")
    page.get_by_label("Its name").fill("Attic")
    with page.expect_navigation():
        page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Attic")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete it").click()
    page.wait_for_url("**/")
    wait_until(lambda: all(one["name"] != "Attic" for one in engine.picos()))


def test_a_fork_is_a_pico_of_its_own(page: Page, engine: Engine) -> None:
    """One that begins as this one is; its page opens."""
    lamp = engine.find("Hall lamp")
    page.goto(f"/ui/picos/{lamp['id']}")
    page.get_by_role("button", name="Fork it").click()
    wait_for(page, f"!location.pathname.includes('{lamp['id']}')")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hall lamp")


def test_what_is_not_there_is_told_with_what_may_have_been(page: Page) -> None:
    page.goto("/ui/picos/nobody")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("there is no pico nobody here")
    expect(problem).to_contain_text("it may have been deleted")


def test_whoever_may_only_look_is_offered_nothing_else(browser: Browser, engine: Engine) -> None:
    """No channel is told, and no form is there that would be refused."""
    lamp = engine.find("Hall lamp")
    context = browser.new_context(base_url=engine.url)
    page = context.new_page()
    log_in(page, engine, "read")
    page.goto(f"/ui/picos/{lamp['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hall lamp")
    expect(page.locator("main")).not_to_contain_text(lamp["eci"])
    expect(page.locator("main form")).to_have_count(0)
    page.goto(f"/ui/picos/{lamp['id']}/testing")
    expect(page.locator("main")).to_contain_text("no channel that you may use")
    context.close()


def test_whoever_logs_out_has_to_log_in_again(browser: Browser, engine: Engine) -> None:
    """And is led to where that is done."""
    context = browser.new_context(base_url=engine.url)
    page = context.new_page()
    log_in(page, engine)
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login*")
    page.goto("/ui/system")
    page.wait_for_url("**/login?next=/ui/system")
    context.close()
