"""An engine with a small family, a browser that is logged in to it, and a folder for what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from tests.support import chromium
from tests.ui.visitor import PATIENCE_S, Engine, Visitor, prepare_home, wait_until

SHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
COUNTER = Path(__file__).resolve().parents[2] / "examples" / "counter" / "counter.krl"
LAMPS = ("Kitchen lamp", "Hall lamp", "Thermostat")


# Playwright has an event loop run in this thread as long as there is a browser, which must be no longer than
# the tests here: others begin loops of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = chromium.program()
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        # The sandbox wants a user of its own, which a container's root is not.
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One for all tests that leave others alone."""
    process = EngineProcess(prepare_home(tmp_path_factory.mktemp("ui") / "home"))
    try:
        client = process.start()
        install_ruleset(client, "root", COUNTER.as_uri(), {})
        for name in LAMPS:
            client.send_event("root", ("wrangler", "new_child_request"), {"name": name})
        client.send_event("root", ("counter", "increment"), {"by": 2, "ticket": "a7"})
        found = Engine(process, client)
        wait_until(lambda: set(LAMPS) <= {one["name"] for one in found.picos()})
        yield found
    finally:
        process.end()


@pytest.fixture
def visitor(browser: Browser, engine: Engine) -> Iterator[Visitor]:
    """Somebody who has followed the link that `serve` prints."""
    with Visitor.of(browser, engine, SHOTS) as found:
        yield found


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page
