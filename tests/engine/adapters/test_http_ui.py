"""The pages and files of the web UI, asked for without a browser: who gets what, and what is said."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files

import pytest

from engine.adapters.http import Limits, make_app
from engine.adapters.http.ui import UI_ROUTES
from engine.adapters.http.ui.help import FILES as DOCUMENTS
from engine.adapters.http.ui.static import FILES
from tests.engine.adapters.browser import Browser
from tests.engine.adapters.test_http_access import as_token
from tests.fakes.fake_host import FakeHost

RULESET = "ruleset a { rule b { select when c d } }"


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def browser(host: FakeHost) -> Browser:
    return Browser(make_app(host, Limits(1000, 8)))


def test_a_page_lets_nothing_from_elsewhere_in(browser: Browser) -> None:
    """No script and no style but files of the engine; and no script or style stands in the page itself."""
    answer = browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in answer.text
    assert "<style" not in answer.text
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_a_page_that_cannot_be_drawn_is_a_page_that_says_why(browser: Browser) -> None:
    """With the status of what went wrong, and never in the form of programs."""
    answer = browser.get("/ui/picos/nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "That did not work" in answer.text


def test_names_are_never_read_as_html(browser: Browser) -> None:
    """Whatever a pico, a path or a document is called."""
    answer = browser.get("/ui/help/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


@pytest.mark.parametrize("name", sorted(FILES))
def test_files_are_sent_once(browser: Browser, name: str) -> None:
    """A browser that has one asks whether it is still the right one, and is told so without it."""
    first = browser.get(f"/ui/static/{name}")
    assert first.status_code == 200
    assert first.content
    again = browser.get(f"/ui/static/{name}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["../pages.py", "%2e%2e/pages.py", "vendor/../../pages.py", "nothing.js", ""]
)
def test_no_path_leads_to_other_files(browser: Browser, path: str) -> None:
    assert browser.get(f"/ui/static/{path}").status_code == 404
    assert browser.get(f"/ui/help/{path}").status_code in (404, 200 if path == "" else 404)


def test_whoever_may_only_look_is_offered_nothing_else(host: FakeHost) -> None:
    """Looking takes the scope for it, checking a text too; installing one does not come with it."""
    looking = Browser(make_app(host, Limits(1000, 8)), as_token(host, "read"))
    assert looking.get("/").status_code == 200
    assert looking.post("/api/check", content=RULESET.encode()).json()["ok"]
    assert looking.post("/api/install", json={"eci": "x", "url": "y"}).status_code == 403


def test_a_text_is_checked_and_not_kept(browser: Browser) -> None:
    """Mistakes come with code, place and how grave they are; no mistakes with what the text is."""
    assert browser.post("/api/check", content=RULESET.encode()).json() == {
        "ok": True,
        "rid": "a",
        "version": None,
        "diagnostics": [],
    }
    told = browser.post("/api/check", content=b"ruleset a { global { b = c } }").json()
    assert not told["ok"]
    [one] = told["diagnostics"]
    assert (one["code"], one["severity"], one["loc"]["start"]) == ("K201", "error", {"line": 1, "column": 26})
    assert browser.get("/api/rulesets").json() == {"rulesets": []}


def test_an_invitation_is_drawn(browser: Browser) -> None:
    """As a picture that holds no script; what has no room in one is refused with what to do instead."""
    drawn = browser.post("/api/qr", json={"text": "https://example.com/?_oob=abc"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text.startswith("<svg")
    assert "script" not in drawn.text
    wide = Browser(make_app(FakeHost(), Limits(10_000, 8)))
    refused = wide.post("/api/qr", json={"text": "x" * 5_000})
    assert (refused.status_code, refused.json()["hint"]) == (400, "give the link itself instead")


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_document_is_a_page(browser: Browser, name: str) -> None:
    """Whose links lead to pages that are there."""
    answer = browser.get(f"/ui/help/{name}")
    assert answer.status_code == 200
    article = answer.text.partition("<article")[2]
    targets = [part.partition('"')[0] for part in article.split('href="')[1:]]
    for target in targets:
        if target.startswith("/"):
            assert target.partition("#")[0].removeprefix("/ui/help/") in DOCUMENTS
        else:
            assert target.startswith(("http://", "https://", "#"))


def test_pages_and_files_are_in_the_package() -> None:
    """An installation has all that a page is made of: nothing is built or fetched then."""
    try:
        installed = {str(file) for file in files("picomesh") or ()}
    except PackageNotFoundError:
        installed = set()
    if "engine/__init__.py" not in installed:
        pytest.skip("picomesh is not installed here but run from its folder")
    ours = "engine/adapters/http/ui"
    assert {f"{ours}/static/{name}" for name in FILES} <= installed
    assert {f"{ours}/templates/{name}" for name in ("frame.html", "pico/turn.html")} <= installed
    assert f"{ours}/static/vendor/LICENSES.txt" in installed


def test_each_page_says_that_it_is_one() -> None:
    """So that whoever has not logged in is led to where that is done."""
    pages = [endpoint for path, endpoint in UI_ROUTES.items() if not path.startswith("/ui/static")]
    assert all(endpoint.surface.is_page for endpoint in pages)
