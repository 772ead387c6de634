"""The tabs of testing, log, state, timers and cost: what a pico does, did, was and takes."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.ui.visitor import Engine

ALARM = Path(__file__).with_name("alarm.krl")


def test_events_and_queries_have_forms(page: Page, engine: Engine) -> None:
    """With a field for each attribute that a rule reads; the answer below leads to the reasons."""
    page.goto(f"/ui/picos/{engine.find(None)['id']}/testing")
    counter = page.locator("form[data-event='counter/increment']")
    counter.get_by_label("by").fill("4")
    counter.get_by_label("ticket").fill("b2")
    counter.get_by_role("button").click()
    expect(counter.locator("output")).to_contain_text('"counted"')
    tickets = page.locator("form[data-query='counter/tickets']")
    tickets.get_by_role("button").click()
    expect(tickets.locator("output")).to_contain_text('"b2": 1')
    counter.get_by_role("link", name="What came of it, and why").click()
    expect(page.locator("#causes")).to_contain_text("counter/remember_ticket fired")


def test_the_log_is_live(page: Page, engine: Engine) -> None:
    """What happens while somebody looks comes at the top, with what fired."""
    page.goto(f"/ui/picos/{engine.find(None)['id']}/log")
    expect(page.locator("#live")).to_have_text("live")
    reply = engine.client.send_event("root", ("counter", "increment"), {"by": 5})
    newest = page.locator("#list .turn").first
    expect(newest).to_have_attribute("href", f"?eid={reply['eid']}")
    expect(newest).to_contain_text("counter:increment")
    expect(newest.locator(".rules")).to_have_text("counter/increment")


def test_it_is_told_what_matched_and_what_did_not_and_why(page: Page, engine: Engine) -> None:
    """Rules that fired with what they changed, those that were refused, and those that listen to others."""
    reply = engine.client.send_event("root", ("counter", "increment"), {"by": 6})
    page.goto(f"/ui/picos/{engine.find(None)['id']}/log")
    page.locator(f"#list .turn[href='?eid={reply['eid']}']").click()
    detail = page.locator("#detail")
    expect(detail).to_contain_text("counter/increment fired")
    expect(detail).to_contain_text("counter › ent:count")
    expect(detail).to_contain_text("counter/remember_ticket not selected")
    expect(detail).to_contain_text("an attribute or its `where` did not match")
    detail.get_by_text("rules listen to other events").click()
    expect(detail.locator("#bystanders")).to_contain_text("counter/reset counter:reset")


def test_a_turn_leads_to_its_cause_in_another_pico(page: Page, engine: Engine) -> None:
    """A child was initialised because its parent made it."""
    lamp = engine.find("Hall lamp")
    first = engine.client.past("log", eci=lamp["id"], n=50)["events"][0]
    page.goto(f"/ui/picos/{lamp['id']}/log?eid={first['eid']}")
    causes = page.locator("#causes")
    expect(causes).to_contain_text("wrangler:new_child_request")
    causes.get_by_role("link", name="wrangler:new_child_request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("root pico")


def test_a_state_is_seen_as_it_was(page: Page, engine: Engine) -> None:
    """The slider goes back turn by turn, and says what each changed."""
    engine.client.send_event("root", ("counter", "reset"), {})
    engine.client.send_event("root", ("counter", "increment"), {"by": 41})
    page.goto(f"/ui/picos/{engine.find(None)['id']}/state")
    shown = page.locator("#shown")
    expect(shown).to_contain_text("41")
    page.get_by_role("button", name="One turn back").click()
    expect(page.locator("#moment")).not_to_contain_text("(now)")
    expect(shown.get_by_role("heading", name="What has changed since")).to_be_visible()
    expect(shown.get_by_role("region", name="What has changed since")).to_contain_text("41")
    page.get_by_label("Turn", exact=True).press("Home")
    expect(shown).to_have_attribute("data-at", "0")
    expect(page.locator("#moment")).to_contain_text("after turn 0")


def test_timers_are_listed(page: Page, engine: Engine) -> None:
    """With when they are due and what they raise; a pico without any says how one is made."""
    page.goto(f"/ui/picos/{engine.find('Hall lamp')['id']}/timers")
    expect(page.locator("main")).to_contain_text("Nothing is scheduled")
    engine.client.install(engine.find("Thermostat")["eci"], ALARM.as_uri(), {})
    engine.client.send_event(engine.find("Thermostat")["eci"], ("alarm", "set"), {})
    page.goto(f"/ui/picos/{engine.find('Thermostat')['id']}/timers")
    row = page.get_by_role("row").filter(has_text="alarm:ring")
    expect(row).to_contain_text("0 7 * * *")


def test_cost_is_told_by_turn_event_and_rule(page: Page, engine: Engine) -> None:
    engine.client.send_event("root", ("counter", "increment"), {})
    page.goto(f"/ui/picos/{engine.find(None)['id']}/cost")
    expect(page.get_by_role("region", name="Event")).to_contain_text("counter:increment")
    expect(page.get_by_role("region", name="Rule")).to_contain_text("counter/increment")
    assert page.locator("svg.bars rect").count() > 1
