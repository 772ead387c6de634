"""The tabs about how others reach a pico: channels with policies, invitations, subscriptions."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.ui.visitor import Engine, wait_for, wait_until


def test_a_channel_lets_through_what_its_policy_says(page: Page, engine: Engine) -> None:
    """Written as lines; a line that is none is refused with an example."""
    lamp = engine.find("Thermostat")
    page.goto(f"/ui/picos/{lamp['id']}/channels")
    page.get_by_label("Tags, in words").fill("door public")
    page.get_by_label("Events, a line each").fill("counter increment")
    page.get_by_role("button", name="Make the channel").click()
    expect(page.get_by_role("alert")).to_contain_text("an example: lamp:switched")

    page.get_by_label("Events, a line each").fill("counter:*\n!counter:reset")
    page.get_by_role("button", name="Make the channel").click()
    row = page.get_by_role("row").filter(has_text="door")
    expect(row).to_contain_text("counter:*")
    expect(row).to_contain_text("counter:reset")

    eci = row.locator("[data-copy]").first.get_attribute("data-copy")
    page.goto(f"/ui/picos/{lamp['id']}/testing")
    page.get_by_label("By which channel").select_option(eci)
    page.get_by_role("heading", name="Any event").click()
    page.locator("#any-domain").fill("counter")
    page.locator("#any-name").fill("reset")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("alert")).to_contain_text("policy")

    page.goto(f"/ui/picos/{lamp['id']}/channels")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("row").filter(has_text="door").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("row").filter(has_text="door")).to_have_count(0)


def test_the_did_of_a_channel_is_shown_when_asked_for(page: Page, engine: Engine) -> None:
    page.goto(f"/ui/picos/{engine.find('Thermostat')['id']}/channels")
    page.get_by_role("button", name="its DID").first.click()
    expect(page.locator("output code").first).to_contain_text("did:peer:")


def test_an_invitation_is_a_link_and_a_picture_and_can_be_accepted(page: Page, engine: Engine) -> None:
    """Then both know each other, and each page says that the other is of this engine."""
    one, other = engine.find("Kitchen lamp"), engine.find("Hall lamp")
    page.goto(f"/ui/picos/{one['id']}/relationships")
    invite = page.locator("#invite-form")
    invite.get_by_label("What to call them").fill("the hall")
    invite.get_by_role("button", name="Make an invitation").click()
    picture = page.get_by_role("img", name="QR code of the invitation")
    expect(picture).to_be_visible()
    picture.evaluate("async (image) => { await image.decode(); }")
    link = page.locator("#invitation input").input_value()
    assert "_oob=" in link

    page.goto(f"/ui/picos/{other['id']}/relationships")
    accept = page.get_by_role("region", name="Accept an invitation")
    accept.get_by_label("The invitation's link").fill(link)
    accept.get_by_label("What to call them").fill("the kitchen")
    accept.get_by_role("button", name="Accept it").click()
    expect(page.get_by_role("region", name="By DID")).to_contain_text("the kitchen")
    expect(page.get_by_role("link", name="a pico of this engine")).to_be_visible()


def test_a_link_that_is_no_invitation_is_refused(page: Page, engine: Engine) -> None:
    page.goto(f"/ui/picos/{engine.find('Hall lamp')['id']}/relationships")
    accept = page.get_by_role("region", name="Accept an invitation")
    accept.get_by_label("The invitation's link").fill("https://example.com/")
    accept.get_by_role("button", name="Accept it").click()
    expect(accept.get_by_role("alert")).to_contain_text("Why:")


def test_a_subscription_is_asked_for_accepted_and_ended(page: Page, engine: Engine) -> None:
    """Each from the page of the pico whose turn it is."""
    asker, asked = engine.find("Kitchen lamp"), engine.find("Thermostat")
    query = ("io.picolabs.subscription", "wellKnown_Rx")
    known = engine.client.query(asked["eci"], query, {})["id"]
    page.goto(f"/ui/picos/{asker['id']}/relationships")
    page.get_by_text("Ask another pico").click()
    page.get_by_label("Where the other is introduced to").fill(known)
    page.get_by_label("Role of this pico").fill("switch")
    page.get_by_role("button", name="Ask it").click()
    expect(page.get_by_text("asked, no answer yet")).to_be_visible()

    wait_until(lambda: bool(engine.client.query(asked["eci"], (query[0], "inbound"), {})))
    page.goto(f"/ui/picos/{asked['id']}/relationships")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("established", exact=True)).to_be_visible()

    wait_until(lambda: bool(engine.client.query(asker["eci"], (query[0], "established"), {})))
    page.goto("/")
    wait_for(page, "window.picomeshGraph && picomeshGraph.edges('.kin').length > 0")
    page.goto(f"/ui/picos/{asked['id']}/relationships")
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("It has no subscriptions.")).to_be_visible()
