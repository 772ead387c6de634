"""Somebody who looks at an engine with a browser, and notes what the browser complains of."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Error, Page

from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess

Look = Literal["light", "dark", "narrow"]
LOOKS: tuple[Look, ...] = ("light", "dark", "narrow")
WIDE, NARROW = (1280, 820), (390, 844)
AXE = (Path(__file__).with_name("vendor") / "axe.js").read_text("utf-8")
SERIOUS = {"serious", "critical"}
PATIENCE_S = 20.0


def prepare_home(folder: Path) -> Path:
    """A home whose engine may talk to others on this machine."""
    folder.mkdir()
    (folder / "picomesh.toml").write_text('http_private = ["127.0.0.1"]\n')
    return folder


@dataclass(frozen=True)
class Engine:
    """One that runs for tests."""

    process: EngineProcess
    client: EngineClient

    @property
    def url(self) -> str:
        return self.client.url

    def picos(self) -> list[dict[str, Any]]:
        tree = self.client.tree()
        return [tree, *tree["children"]]

    def find(self, name: str | None) -> dict[str, Any]:
        """A pico by its name; the root has none."""
        return next(one for one in self.picos() if one["name"] == name)


@dataclass
class Visitor:
    """One page of a browser. `complaints` has what its console says is wrong."""

    context: BrowserContext
    page: Page
    shots: Path
    complaints: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, engine: Engine, shots: Path, look: Look = "light") -> Iterator[Visitor]:
        width, height = NARROW if look == "narrow" else WIDE
        context = browser.new_context(
            base_url=engine.url,
            color_scheme="dark" if look == "dark" else "light",
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        found = cls(context, page, shots)
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("console", lambda said: found._hear(said.type, said.text))
        try:
            log_in(page, engine)
            yield found
        finally:
            context.close()

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def shoot(self, name: str) -> None:
        """Keep a picture, to be looked at."""
        self.shots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(
            path=self.shots / f"{re.sub('[^a-z0-9-]+', '-', name.lower())}.png", full_page=True
        )

    def barriers(self) -> list[str]:
        """What axe finds that keeps people out."""
        # The page's policy lets no script in from outside; a browser's own debugger is not the page.
        self.page.evaluate(f"(() => {{ {AXE} }})()")
        told = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{one['impact']}: {one['help']} ({one['nodes'][0]['html'][:160]})"
            for one in told["violations"]
            if one["impact"] in SERIOUS
        ]


def log_in(page: Page, engine: Engine, scope: str = "admin") -> None:
    """By a link like the one that `serve` prints."""
    page.goto(engine.client.login_link(scope)["url"])
    page.wait_for_url(f"{engine.url}/")


def wait_until(is_so: Callable[[], bool]) -> None:
    """Ask until it is so; for what happens in another process."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to be so")
        time.sleep(0.02)


def wait_for(page: Page, expression: str) -> None:
    """Until an expression of JavaScript is true. The page's policy lets no text become code, as Playwright's
    own way to wait would have it."""

    def is_so() -> bool:
        try:
            return bool(page.evaluate(f"Boolean({expression})"))
        except Error:
            return False  # another page came meanwhile

    wait_until(is_so)


def opening_ms(page: Page) -> float:
    """How long the graph takes, from the wish for the page until it is drawn."""
    page.goto("/")
    wait_for(page, "document.getElementById('graph').dataset.drawn")
    return float(page.evaluate("Number(document.getElementById('graph').dataset.drawn)"))


def pan_rate(page: Page) -> float:
    """Frames a second while somebody drags the graph about for a second or so."""
    box = page.locator("#graph").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(
        "() => { const told = window.told = []; let last = 0;"
        " const frame = (now) => { if (last) told.push(now - last); last = now;"
        " window.watching = requestAnimationFrame(frame); }; requestAnimationFrame(frame); }"
    )
    for step in range(60):
        page.mouse.move(x + step * 3, y + step * 2)
    page.mouse.up()
    gaps: list[float] = page.evaluate("() => { cancelAnimationFrame(window.watching); return window.told; }")
    return 1000 * len(gaps) / sum(gaps)
