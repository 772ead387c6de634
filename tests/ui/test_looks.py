"""Every page as it is seen, light, dark and narrow: without barriers, complaints, or a sideways scroll.

A picture of each is kept in build/screenshots, to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.ui.conftest import SHOTS
from tests.ui.visitor import LOOKS, Engine, Look, Visitor, wait_for

PAGES = {
    "graph": "/",
    "engines": "/ui/engines",
    "system": "/ui/system",
    "overview": "/ui/picos/{root}",
    "rulesets": "/ui/picos/{root}/rulesets?rid=counter",
    "new-ruleset": "/ui/picos/{root}/rulesets?new",
    "channels": "/ui/picos/{root}/channels",
    "relationships": "/ui/picos/{root}/relationships",
    "testing": "/ui/picos/{root}/testing",
    "log": "/ui/picos/{root}/log?eid={eid}",
    "state": "/ui/picos/{root}/state?at=2",
    "timers": "/ui/picos/{root}/timers",
    "cost": "/ui/picos/{root}/cost",
    "help": "/ui/help",
    "lesson": "/ui/help/tutorial/02-what-a-pico-remembers.md",
    "problem": "/ui/picos/nobody",
}
READY = {"graph": "window.picomeshGraph", "rulesets": "document.querySelector('#verdict[data-ok]')"}
"""When a page has drawn what it draws itself."""
EXPECTED = "the server responded with a status of 404"
"""What a browser says of a page that is not there."""


@pytest.fixture(scope="module", params=LOOKS)
def look(request: pytest.FixtureRequest) -> Look:
    found: Look = request.param
    return found


@pytest.fixture(scope="module")
def visitor(browser: Browser, engine: Engine, look: Look) -> Iterator[Visitor]:
    with Visitor.of(browser, engine, SHOTS, look) as found:
        yield found


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everybody(visitor: Visitor, engine: Engine, look: Look, name: str) -> None:
    """By those who see little or nothing, who use a keyboard, a phone, or the night's colours."""
    visitor.complaints.clear()
    root = engine.find(None)["id"]
    eid = engine.client.past("log", eci=root, n=1)["events"][0]["eid"]
    page = visitor.page
    page.goto(PAGES[name].format(root=root, eid=eid))
    wait_for(page, READY.get(name, "document.readyState === 'complete'"))
    visitor.shoot(f"{name}-{look}")
    assert visitor.barriers() == []
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0, f"{width} px do not fit"
    told = [one for one in visitor.complaints if not (name == "problem" and EXPECTED in one)]
    assert told == []
