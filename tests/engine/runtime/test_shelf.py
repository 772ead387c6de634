"""Texts of rulesets: named by their content, kept before anybody has them, and by whom they are signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.adapters.signing.ed25519 import public_key, sign
from engine.core.cids import to_cid, to_url
from engine.core.did_keys import DidKey, to_did_key
from engine.core.messages import Question
from engine.core.model import PicoId, RulesetHash
from engine.core.signatures import BadSignature, Signature, to_be_signed, write_signature
from engine.ports import FetchFailed, KeepRuleset, WebResponse
from engine.runtime.programs import text_hash
from engine.runtime.questions import Questions
from engine.runtime.shelf import NotTrusted
from engine.runtime.web import WebAnswers
from pico_lang.diagnostics import RulesetRefused
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from tests.engine.in_loop import in_loop
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.shelf import Site, memory_shelf
from tests.fakes.web import FakeWeb

TEXT = 'ruleset shop { meta { version "1.2" } }'
DIGEST = text_hash(TEXT)
CID = to_cid(DIGEST)
URL = "https://example.org/shop.krl"
MIA, TOM = b"m" * 32, b"t" * 32
"""Seeds of two authors."""


def author(seed: bytes) -> DidKey:
    return to_did_key(public_key(seed))


def signed(seed: bytes, text: str = TEXT) -> str:
    """That author's signature of a text, as a document."""
    digest = text_hash(text)
    value = sign(seed, to_be_signed(author(seed), to_cid(digest)))
    return write_signature(Signature(author(seed), digest, value))


async def ask(journal: MemoryJournal, site: Site, url: str, *authors: DidKey) -> Mapping[str, Any]:
    """What a turn is answered that wants to install a ruleset."""
    shelf = memory_shelf(journal, site, authors)
    web = WebAnswers(FakeWeb(lambda request: WebResponse(404, "Not Found", {}, "")), 1, 1)
    return await Questions(shelf, web).answer(PicoId("ann"), Question("ruleset", {"url": url}))


@in_loop
async def test_a_text_that_is_pushed_can_be_installed_by_its_cid() -> None:
    """However the CID is written; what the pico remembers is one spelling of it."""
    journal = MemoryJournal()
    found = await memory_shelf(journal).push(TEXT)
    assert (found.program.rid, found.hash, found.url) == ("shop", DIGEST, f"ipfs://{CID}")
    for url in (CID, f"ipfs:{CID}", f"ipfs://{CID}"):
        answer = await ask(journal, Site(), url)
        assert (answer["rid"], answer["hash"], answer["url"]) == ("shop", DIGEST, f"ipfs://{CID}")
        assert "signedBy" not in answer


@in_loop
async def test_a_pushed_text_is_durable_before_anybody_is_told() -> None:
    """After a crash it is there, with what it is and when it came."""
    journal = MemoryJournal()
    await memory_shelf(journal, now_ms=77).push(TEXT)
    disk = journal.crash()
    assert MemoryJournal(disk).ruleset_text(DIGEST) == TEXT
    assert list(MemoryJournal(disk).kept_rulesets()) == [(DIGEST, "shop", "1.2", 77)]


@in_loop
async def test_a_new_text_behind_a_url_is_kept_however_soon_it_comes() -> None:
    """That the one before it was kept a moment ago says nothing of it."""
    journal = MemoryJournal()
    site = Site({URL: TEXT})
    shelf = memory_shelf(journal, site)
    await shelf.find(URL)
    site.texts[URL] = TEXT.replace("1.2", "1.3")
    found = await shelf.find(URL)
    assert found.program.version == "1.3"
    assert MemoryJournal(journal.crash()).ruleset_text(found.hash) == site.texts[URL]


@in_loop
async def test_a_text_with_mistakes_is_not_kept() -> None:
    """Whoever sent it gets them all."""
    journal = MemoryJournal()
    with pytest.raises(RulesetRefused) as refusal:
        await memory_shelf(journal).push("ruleset a { global { b = c  d = e } }")
    assert [one.code for one in refusal.value.diagnostics] == ["K201", "K201"]
    assert list(journal.kept_rulesets()) == []


@in_loop
async def test_a_text_that_is_not_here_says_how_it_comes_here() -> None:
    """As yet no other engine and no node of IPFS is asked."""
    answer = await ask(MemoryJournal(), Site(), CID)
    assert "does not keep" in answer["error"]
    assert "POST /api/rulesets" in answer["error"]
    assert "in blocks" in (await ask(MemoryJournal(), Site(), "ipfs://Qm" + "a" * 44))["error"]


@in_loop
async def test_a_kept_text_is_held_against_its_cid() -> None:
    """A journal that was tampered with gives nobody another text."""
    journal = MemoryJournal()
    await journal.commit([KeepRuleset(DIGEST, to_url(DIGEST), TEXT + "\n")])
    with pytest.raises(FetchFailed, match="another text"):
        await memory_shelf(journal).find(CID)


@pytest.mark.parametrize("altered", [TEXT + "\n", "ruleset shop {"])
@in_loop
async def test_sending_the_right_text_mends_one_that_was_altered(altered: str) -> None:
    """Whether or not what stood in its place compiles, and although it was at hand already."""
    journal = MemoryJournal()
    await journal.commit([KeepRuleset(DIGEST, to_url(DIGEST), altered)])
    shelf = memory_shelf(journal)
    await shelf.reopen(DIGEST)
    assert (await shelf.push(TEXT)).hash == DIGEST
    assert (await shelf.find(CID)).program.source.text == TEXT
    assert MemoryJournal(journal.crash()).ruleset_text(DIGEST) == TEXT


@in_loop
async def test_what_an_older_version_kept_is_found_out_when_somebody_asks() -> None:
    """When it was kept, nobody knows. What does not compile stays unknown."""
    journal, broken = MemoryJournal(), RulesetHash("ab" * 32)
    await journal.commit([KeepRuleset(DIGEST, URL, TEXT), KeepRuleset(broken, URL, "ruleset")])
    await memory_shelf(journal).note_unknown()
    assert set(journal.kept_rulesets()) == {(DIGEST, "shop", "1.2", None), (broken, None, None, None)}


@in_loop
async def test_what_stays_unknown_is_compiled_once() -> None:
    """However often somebody asks."""
    journal, compiled = MemoryJournal(), list[str]()

    def compile_counted(source: Source) -> Program:
        compiled.append(source.text)
        return compile_ruleset(source, {})

    await journal.commit([KeepRuleset(DIGEST, URL, "ruleset shop { rule }")])
    shelf = memory_shelf(journal, compiler=compile_counted)
    for _ in range(3):
        await shelf.note_unknown()
    assert compiled == ["ruleset shop { rule }"]


@pytest.mark.parametrize(
    "text", ["root:x:0:0:root", "[token]\nsecret = 1", "// a comment\n/* ruleset a { */ key", ""]
)
@in_loop
async def test_of_what_is_no_ruleset_nothing_is_quoted(text: str) -> None:
    """Any pico can name any file of this machine, and mistakes are told with the lines they are in."""
    url = "file:///etc/secret"
    answer = await ask(MemoryJournal(), Site({url: text}), url)
    assert answer == {"error": f"what is at {url} is no ruleset: it does not begin with `ruleset` and a name"}


@pytest.mark.parametrize("text", ["\n// mine\n/* all\nof it */ruleset a.b {}", "ruleset shop{}"])
@in_loop
async def test_a_ruleset_may_begin_with_comments(text: str) -> None:
    """And its mistakes are told."""
    assert "error" not in await ask(MemoryJournal(), Site({URL: text}), URL)
    assert (await ask(MemoryJournal(), Site({URL: text + "}"}), URL))["code"] == "R613"


# --- authors ---------------------------------------------------------------------------------------


@in_loop
async def test_a_signature_is_kept_and_told_to_the_pico() -> None:
    """Which the pico then remembers; a second time it is not written again."""
    journal = MemoryJournal()
    shelf = memory_shelf(journal)
    await shelf.push(TEXT)
    for _ in range(2):
        await shelf.keep_signature(DIGEST, signed(MIA))
    assert journal.transactions == 2
    assert (await ask(journal, Site(), CID))["signedBy"] == [author(MIA)]


@in_loop
async def test_a_signature_of_another_text_or_by_another_key_is_not_kept() -> None:
    """Nor one in which anything was changed."""
    journal = MemoryJournal()
    shelf = memory_shelf(journal)
    await shelf.push(TEXT)
    forged = signed(MIA).replace(author(MIA), author(TOM))
    for text, reason in ((signed(MIA, TEXT + " "), "changed after"), (forged, "not made with the key")):
        with pytest.raises(BadSignature, match=reason):
            await shelf.keep_signature(DIGEST, text)
    assert list(journal.signatures(DIGEST)) == []


@in_loop
async def test_with_authors_only_what_one_of_them_signed_is_installed() -> None:
    """Unsigned or signed by somebody else it is refused, and the refusal says what to do."""
    journal, site = MemoryJournal(), Site({URL: TEXT})
    refused = await ask(journal, site, URL, author(MIA))
    assert refused["code"] == "R614"
    for told in (CID, "is not signed", author(MIA), "ruleset_authors", "picomesh sign"):
        assert told in refused["error"]
    await memory_shelf(journal).keep_signature(DIGEST, signed(TOM))
    assert f"is signed by {author(TOM)} only" in (await ask(journal, site, URL, author(MIA)))["error"]
    await memory_shelf(journal).keep_signature(DIGEST, signed(MIA))
    assert "error" not in await ask(journal, site, URL, author(MIA))
    assert "error" not in await ask(journal, site, CID, author(MIA), author(TOM))


@in_loop
async def test_a_signature_beside_a_text_is_found_when_it_is_needed() -> None:
    """At the URL with .sig after it; where nobody demands one, nobody looks."""
    journal, site = MemoryJournal(), Site({URL: TEXT, f"{URL}.sig": signed(MIA)})
    assert "signedBy" not in await ask(journal, site, URL)
    assert (await ask(journal, site, URL, author(MIA)))["signedBy"] == [author(MIA)]


@in_loop
async def test_what_is_wrong_with_a_signature_beside_a_text_is_told() -> None:
    """A text that was changed after it was signed is the commonest case."""
    site = Site({URL: TEXT + "\n", f"{URL}.sig": signed(MIA)})
    refused = await ask(MemoryJournal(), site, URL, author(MIA))
    assert "the text was changed after it was signed" in refused["error"]


@in_loop
async def test_the_rulesets_of_the_engine_itself_need_no_author() -> None:
    """Without Wrangler there would be no pico."""
    library = "library:shop"
    assert "error" not in await ask(MemoryJournal(), Site({library: TEXT}), library, author(MIA))


@in_loop
async def test_a_library_text_from_elsewhere_needs_one() -> None:
    """It is the place that vouches for a text of the library, not the text itself."""
    journal, site = MemoryJournal(), Site({"library:shop": TEXT})
    await ask(journal, site, "library:shop", author(MIA))
    with pytest.raises(NotTrusted):
        await memory_shelf(journal, site, [author(MIA)]).find(CID)


@in_loop
async def test_a_ruleset_with_mistakes_has_a_code_of_its_own() -> None:
    """So that whoever asked by HTTP learns that it is the text."""
    answer = await ask(MemoryJournal(), Site({URL: "ruleset a { rule }"}), URL)
    assert answer["code"] == "R613"
    assert "code" not in await ask(MemoryJournal(), Site(), URL)
