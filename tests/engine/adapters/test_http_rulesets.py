"""The routes for kept rulesets: texts in and out, signatures, and what is said of bad ones."""

from __future__ import annotations

import pytest

from engine.adapters.http import Limits, make_app
from engine.adapters.http.problems import from_fault
from engine.core.cids import to_cid
from engine.core.messages import Fault
from engine.runtime.programs import text_hash
from tests.engine.adapters.browser import Browser
from tests.engine.runtime.test_shelf import MIA, TEXT, author, signed
from tests.fakes.fake_host import FakeHost

CID = to_cid(text_hash(TEXT))
PLACE = f"/api/rulesets/{CID}"


def client(ruleset: int = 1000, body: int = 1000) -> Browser:
    """A browser in front of an engine that keeps nothing yet."""
    return Browser(make_app(FakeHost(), Limits(body, 8, ruleset)))


def test_a_text_that_is_sent_is_kept_and_given_back() -> None:
    """Its CID says where; a byte order mark is not part of it."""
    browser = client()
    sent = browser.post("/api/rulesets", content=b"\xef\xbb\xbf" + TEXT.encode())
    assert sent.status_code == 200
    assert sent.json() == {
        "rid": "shop",
        "version": "1.2",
        "cid": CID,
        "hash": text_hash(TEXT),
        "signedBy": [],
        "warnings": [],
    }
    assert browser.get(PLACE).text == TEXT
    assert browser.get(PLACE).headers["content-type"].startswith("text/plain")
    [kept] = browser.get("/api/rulesets").json()["rulesets"]
    assert (kept["rid"], kept["cid"], kept["kept"]) == ("shop", CID, "1970-01-01T00:00:01.000Z")
    assert (kept["picos"], kept["holders"], kept["from"]) == (0, [], [])


def test_mistakes_are_told_one_by_one_and_nothing_is_kept() -> None:
    """Each with its place, for programs; and as text, for people."""
    browser = client()
    refused = browser.post("/api/rulesets", content=b"ruleset a { global {\n b = c\n d = e } }")
    assert refused.status_code == 422
    told = [(one["code"], one["loc"]["start"]) for one in refused.json()["diagnostics"]]
    assert told == [("K201", {"line": 2, "column": 6}), ("K201", {"line": 3, "column": 6})]
    assert "undefined name c" in refused.json()["detail"]
    assert browser.get("/api/rulesets").json() == {"rulesets": []}


def test_a_text_may_be_as_long_as_the_setting_for_rulesets_says() -> None:
    """Whatever other bodies may have."""
    text = TEXT.encode().ljust(200)
    assert client(ruleset=200, body=10).post("/api/rulesets", content=text).status_code == 200
    refused = client(ruleset=199, body=1000).post("/api/rulesets", content=text)
    assert refused.status_code == 413
    assert "ruleset_limit" in refused.json()["hint"]


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    """It would be another one for everybody who reads it."""
    refused = client().post("/api/rulesets", content="ruleset é {}".encode("latin-1"))
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")


def test_an_authors_signature_is_kept_beside_the_text() -> None:
    """As it was written, for whoever wants to check it."""
    browser = client()
    browser.post("/api/rulesets", content=TEXT.encode())
    sent = browser.post(f"{PLACE}/signatures", content=signed(MIA).encode())
    assert sent.json() == {"cid": CID, "author": author(MIA), "signedBy": [author(MIA)]}
    assert browser.get(f"{PLACE}/signatures").json() == {"cid": CID, "signatures": [signed(MIA)]}
    assert browser.get("/api/rulesets").json()["rulesets"][0]["signedBy"] == [author(MIA)]


def test_a_bad_signature_is_refused() -> None:
    """One of another text here."""
    browser = client()
    browser.post("/api/rulesets", content=TEXT.encode())
    refused = browser.post(f"{PLACE}/signatures", content=signed(MIA, TEXT + " ").encode())
    assert refused.status_code == 400
    assert "the text was changed" in refused.json()["detail"]
    assert browser.get(f"{PLACE}/signatures").json()["signatures"] == []


@pytest.mark.parametrize(("cid", "status"), [(CID, 404), ("counter", 400)])
def test_what_is_not_kept_is_not_found(cid: str, status: int) -> None:
    """A name that is no CID cannot be one of a text."""
    for path in (f"/api/rulesets/{cid}", f"/api/rulesets/{cid}/signatures"):
        assert client().get(path).status_code == status
    assert client().post(f"/api/rulesets/{cid}/signatures", content=b"{}").status_code == status


def test_the_rulesets_of_a_pico_that_is_not_there() -> None:
    """An unknown channel, and more than one."""
    assert client().get("/api/rulesets?eci=nobody").status_code == 404
    assert client().get("/api/rulesets?eci=a&eci=b").status_code == 400


@pytest.mark.parametrize(("code", "status"), [("R613", 422), ("R614", 403), ("R610", 404), ("R608", 500)])
def test_a_turn_that_could_not_install_a_text_says_whose_fault_it_was(code: str, status: int) -> None:
    """The text's, its author's, or that of a ruleset here."""
    assert from_fault(Fault(code, "")).status == status
