"""What it takes to look at ten thousand picos: until the graph is drawn, and how smoothly it is dragged.

Measured in a headless Chromium without a graphics card, beside an engine that has ten picos.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright
from rich.table import Table

from engine.commands.process import EngineProcess
from tests.support import chromium
from tests.ui.crowd import fill_home
from tests.ui.visitor import Engine, Visitor, opening_ms, pan_rate, wait_for

FAMILIES = (10, 10_000)
OPENINGS = 7
DRAGS = 5
GROUPS = 5
"""Opened, each of a hundred picos, for another look at how it is dragged."""


def report_ui() -> Iterator[Table]:
    table = Table(title="the graph of picos", show_lines=False)
    for column in (
        "picos",
        "drawn after, ms",
        "the slowest",
        "KiB sent for it",
        "of these data",
        "frames a second",
    ):
        table.add_column(column, justify="right")
    table.add_column(f"with {GROUPS} groups open", justify="right")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=["--no-sandbox"])
        for picos in FAMILIES:
            table.add_row(f"{picos:,}", *_measure(browser, picos))
        browser.close()
    yield table


def _measure(browser: Browser, picos: int) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        fill_home(home, picos)
        process = EngineProcess(home)
        try:
            engine = Engine(process, process.start())
            with Visitor.of(browser, engine, Path(folder)) as visitor:
                yield from _look(visitor.page)
        finally:
            process.end()


def _look(page: Page) -> Iterator[str]:
    sent: dict[str, int] = {}
    page.on(
        "response", lambda answer: sent.update({answer.url: int(answer.headers.get("content-length", 0))})
    )
    times = [opening_ms(page) for _ in range(OPENINGS)]
    data = sum(size for url, size in sent.items() if "/api/" in url)
    yield f"{median(times):,.0f}"
    yield f"{max(times):,.0f}"
    yield f"{sum(sent.values()) / 1024:,.0f}"
    yield f"{data / 1024:,.1f}"
    yield f"{median(pan_rate(page) for _ in range(DRAGS)):,.0f}"
    if not page.evaluate("picomeshGraph.nodes('.group').length"):
        yield "–"
        return
    open_groups(page, GROUPS)
    yield f"{median(pan_rate(page) for _ in range(DRAGS)):,.0f}"


def open_groups(page: Page, count: int) -> None:
    """The first ones, by the list beside the graph."""
    for number in range(count):
        page.locator("#list button").nth(number).click()
        page.get_by_role("button", name="Open the group").click()
        wait_for(page, f"picomeshGraph.nodes('.opened').length === {number + 1}")
        page.locator("#list").get_by_role("button", name="↑ root pico").click()
