"""Where documents come from, how long they are good, and that nobody is asked twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.adapters.dids import (
    Changes,
    DidRefused,
    DidResolver,
    approvals_to_json,
    deactivate_log,
    log_to_jsonl,
    make_did_peer_2,
    make_did_peer_4,
    move_state,
    short_form,
    update_log,
    verify_log,
)
from engine.adapters.dids.limits import DOCUMENT_BYTES, LOG_BYTES
from engine.adapters.web.client import HttpxWebClient, WebLimits
from engine.ports import WebRequest, WebResponse
from tests.engine.adapters.dids.people import NOW_S, X25519, Diary, rule, signer, three_entries
from tests.fakes.web import SITE, FakeWeb

PLACE = f"{SITE}:picos:7"
WEB = f"did:web:{SITE}:people:alice"
KEY = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
PEER_2 = make_did_peer_2([("keyAgreement", X25519)])
PEER_4 = make_did_peer_4({"verificationMethod": [], "alsoKnownAs": []})


class Site:
    """Files that a fake web serves, a clock, and a resolver that goes there."""

    def __init__(self, files: Mapping[str, str] = {}) -> None:
        self.files: dict[str, str | int] = dict(files)
        self.now_s = NOW_S + 86_400
        self.web = FakeWeb(self._answer)
        self.resolver = DidResolver(self.web, lambda: self.now_s)

    def _answer(self, request: WebRequest) -> WebResponse:
        found = self.files.get(request.url, 404)
        if isinstance(found, int):
            return WebResponse(found, "No", {"location": "/elsewhere"}, "")
        return WebResponse(200, "OK", {}, found)

    def resolve(self, did: str) -> dict[str, Any]:
        return asyncio.run(self.resolver.resolve(did))

    def refuse(self, did: str) -> str:
        with pytest.raises(DidRefused) as caught:
            self.resolve(did)
        assert self.resolver.at_hand(did) is None
        return caught.value.problem

    def publish(self, diary: Diary) -> None:
        self.files["/picos/7/did.jsonl"] = log_to_jsonl(diary.log.entries)
        self.files["/picos/7/did-witness.json"] = approvals_to_json(diary.approvals)

    @property
    def asked(self) -> list[str]:
        return [request.url.removeprefix(f"https://{SITE}") for request in self.web.requests]


def alice(**members: Any) -> dict[str, str]:
    return {"/people/alice/did.json": json.dumps({"id": WEB, **members})}


# --- names that carry their document ---------------------------------------------------------------


@pytest.mark.parametrize("did", [KEY, KEY.replace("did:key:", "did:peer:0"), PEER_2, PEER_4])
def test_a_name_that_carries_its_document_needs_nobody(did: str) -> None:
    """It is at hand, and the same object each time."""
    resolver = DidResolver(None, lambda: NOW_S)
    document = resolver.at_hand(did)
    assert document is not None
    assert document["id"] == did
    assert asyncio.run(resolver.resolve(f"{did}#key-1")) is document


def test_a_short_form_is_understood_once_the_long_one_was_seen() -> None:
    """Whether it was resolved or told."""
    for tell in (DidResolver.at_hand, DidResolver.learn_long_form):
        site = Site()
        assert site.refuse(short_form(PEER_4)) == "unknown-short-form"
        tell(site.resolver, PEER_4)
        assert site.resolve(short_form(PEER_4))["alsoKnownAs"] == [PEER_4]


# --- did:web ---------------------------------------------------------------------------------------


def test_a_did_web_is_where_it_says() -> None:
    """With absolute ids."""
    site = Site(alice(authentication=["#a"]))
    assert site.resolver.at_hand(WEB) is None
    assert site.resolve(WEB)["authentication"] == [f"{WEB}#a"]
    assert site.web.requests[0].url == f"https://{SITE}/people/alice/did.json"


def test_what_was_fetched_is_kept_for_an_hour() -> None:
    """Then it is asked for again."""
    site = Site(alice())
    first = site.resolve(WEB)
    site.now_s += 3599
    assert site.resolve(f"{WEB}?more=1#a") is first
    assert site.resolver.at_hand(WEB) is first
    site.now_s += 1
    assert site.resolver.at_hand(WEB) is None
    assert site.resolve(WEB) is not first
    assert len(site.asked) == 2


def test_what_is_to_be_forgotten_is_asked_for_again() -> None:
    """When a signature does not fit any more, say."""
    site = Site(alice())
    site.resolve(WEB)
    site.resolver.forget(WEB)
    assert site.resolver.at_hand(WEB) is None


def test_who_asks_at_the_same_time_is_answered_together() -> None:
    """One request for all."""
    site = Site(alice())

    async def ask() -> list[dict[str, Any]]:
        return await asyncio.gather(*(site.resolver.resolve(WEB) for _ in range(10)))

    documents = asyncio.run(ask())
    assert len(site.asked) == 1
    assert all(one is documents[0] for one in documents)


def test_nobody_waiting_any_more_does_no_harm() -> None:
    """Who gives up takes nothing away from who still waits."""
    site = Site(alice())

    async def ask() -> dict[str, Any]:
        hasty = asyncio.create_task(site.resolver.resolve(WEB))
        patient = asyncio.create_task(site.resolver.resolve(WEB))
        await asyncio.sleep(0)
        hasty.cancel()
        return await patient

    assert asyncio.run(ask())["id"] == WEB


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (404, "not-found"),
        (410, "not-found"),
        (500, "unreachable"),
        (302, "unreachable"),
        ("", "bad-document"),
        ("[]", "bad-document"),
        ("{", "bad-document"),
        ('{"id": NaN}', "bad-document"),
        ('{"a": 1e999}', "bad-document"),
        ('{"id": "\\ud800"}', "bad-document"),
        ('{"id": "a", "id": "b"}', "bad-document"),
        ('{"id": "did:web:other.example"}', "wrong-document"),
        ("[" * 60_000, "bad-document"),
        ('{"a":' * 40 + "1" + "}" * 40, "bad-document"),
        (" " * (DOCUMENT_BYTES + 1), "too-large"),
    ],
)
def test_a_bad_answer_is_refused_by_name(answer: str | int, problem: str) -> None:
    """And is not kept: the next one may be better."""
    site = Site()
    site.files["/people/alice/did.json"] = answer
    assert site.refuse(WEB) == problem
    site.files.update(alice())
    assert site.resolve(WEB)["id"] == WEB


def test_there_may_be_no_way_to_the_web() -> None:
    """Then it says so."""
    with pytest.raises(DidRefused, match="no way to the web"):
        asyncio.run(DidResolver(None, lambda: NOW_S).resolve(WEB))


def test_the_operators_own_network_is_not_asked() -> None:
    """The client of the engine judges the address; a DID can name any host."""
    resolver = DidResolver(HttpxWebClient(WebLimits()), lambda: NOW_S)
    with pytest.raises(DidRefused, match="not a public address") as caught:
        asyncio.run(resolver.resolve("did:web:localhost%3A1"))
    assert caught.value.error == "notFound"


# --- logs ------------------------------------------------------------------------------------------


def published(**more: Any) -> tuple[Site, Diary]:
    diary = Diary.begin(signer(1), Changes(**more), place=PLACE)
    site = Site()
    site.publish(diary)
    return site, diary


def test_a_did_webvh_is_where_it_says() -> None:
    """And is believed because its log is."""
    site, diary = published()
    assert site.resolve(diary.log.did) == diary.log.document_called(diary.log.did)
    assert site.asked == ["/picos/7/did.jsonl"]
    log = site.resolver.log_of(diary.log.name)
    assert log is not None
    assert log.epoch == 1


def test_a_picos_name_is_asked_for_where_it_says() -> None:
    """`?src=`, says the did:scid specification; afterwards the name alone is enough."""
    site, diary = published()
    assert site.refuse(diary.log.name) == "not-found"
    document = site.resolve(f"{diary.log.name}?src={SITE}/picos/7")
    assert document["id"] == diary.log.name
    assert document["alsoKnownAs"] == [diary.log.did]
    assert site.resolver.at_hand(diary.log.name) is document


def test_a_log_that_was_handed_over_needs_nobody() -> None:
    """As a message can."""
    diary = three_entries()
    site = Site()
    site.resolver.learn_log(diary.log)
    assert site.resolve(diary.log.name) == diary.log.document()
    assert site.resolve(diary.log.did) == diary.log.document_called(diary.log.did)
    assert site.asked == []


def test_a_pico_that_is_served_nowhere_is_known_until_more_is() -> None:
    """There is nobody to ask."""
    diary = Diary.begin(signer(1), place="nowhere.invalid")
    site = Site()
    site.resolver.learn_log(diary.log)
    site.now_s += 10 * 365 * 86_400
    assert site.resolver.at_hand(diary.log.name) is not None


def test_an_older_log_does_not_replace_a_newer_one() -> None:
    """Neither handed over nor served."""
    site, diary = published()
    old = diary.log
    diary.write(signer(1), state={**old.newest.entry.state, "more": 1})
    site.resolver.learn_log(diary.log)
    site.resolver.learn_log(old)
    site.resolver.forget(diary.log.did)
    assert site.resolve(diary.log.did)["more"] == 1
    log = site.resolver.log_of(diary.log.did)
    assert log is not None
    assert log.epoch == 2


def test_a_second_story_is_not_learnt() -> None:
    """Nor is it when it is served."""
    site, diary = published()
    one, other = (update_log(diary.log, signer(1), NOW_S + seconds) for seconds in (60, 61))
    site.resolver.learn_log(verify_log([*diary.log.entries, one], site.now_s))
    with pytest.raises(DidRefused, match="forked"):
        site.resolver.learn_log(verify_log([*diary.log.entries, other], site.now_s))
    site.files["/picos/7/did.jsonl"] = log_to_jsonl([*diary.log.entries, other])
    site.resolver.forget(diary.log.did)
    assert site.refuse(diary.log.did) == "forked"


def test_a_log_says_how_long_it_is_good() -> None:
    """`ttl`, in seconds."""
    site, diary = published(ttl_s=60)
    site.resolve(diary.log.did)
    site.now_s += 59
    assert site.resolver.at_hand(diary.log.did) is not None
    site.now_s += 1
    assert site.resolver.at_hand(diary.log.did) is None


def test_a_log_that_wants_to_be_asked_each_time_is_kept_for_seconds() -> None:
    """Else a codec that asked for it would never find it."""
    site, diary = published(ttl_s=0)
    document = site.resolve(diary.log.did)
    assert site.resolver.at_hand(diary.log.did) is document
    site.now_s += 5
    assert site.resolver.at_hand(diary.log.did) is None


def three_versions() -> tuple[Site, Diary]:
    """Of one pico, an hour apart; the third is the end."""
    site, diary = published()
    diary.write(signer(1), state=move_state(diary.log, f"{SITE}:new"))
    diary.now_s += 3600
    diary.add(deactivate_log(diary.log, signer(1), diary.now_s))
    site.files["/new/did.jsonl"] = log_to_jsonl(diary.log.entries)
    return site, diary


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("versionNumber=1", 1),
        ("versionTime=2025-11-13T02:13:20Z", 1),
        ("versionTime=2025-11-13T03:13:19%2B00:00", 1),
        ("versionTime=2025-11-13T03:13:20+00:00", 2),
        ("versionTime=2030-01-01T00:00:00Z", 3),
        ("versionNumber=2&versionTime=2030-01-01T00:00:00Z", 2),
        ("versionId={}", 2),
    ],
)
def test_a_version_of_the_past_is_had_by_asking(query: str, number: int) -> None:
    """Under the name that was asked for; also of a pico that has ended."""
    site, diary = three_versions()
    query = query.format(diary.log.versions[1].entry.version_id)
    assert site.resolve(f"{diary.log.did}?{query}") == diary.log.document_called(diary.log.did, number)
    assert site.resolve(f"{diary.log.name}?{query}") == diary.log.document(number)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("versionNumber=4", "not-found"),
        ("versionNumber=0", "not-found"),
        ("versionNumber=", "not-found"),
        ("versionNumber=x", "not-found"),
        ("versionNumber=2&versionTime=2025-11-13T02:13:20Z", "not-found"),
        ("versionTime=2025-11-13T02:13:19Z", "not-found"),
        ("versionTime=then", "bad-time"),
        ("versionId=1", "not-found"),
        ("versionId=", "not-found"),
    ],
)
def test_a_version_that_never_was_is_not_found(query: str, problem: str) -> None:
    """Rather than another one given."""
    site, diary = three_versions()
    assert site.refuse(f"{diary.log.did}?{query}") == problem


def test_a_version_of_a_log_that_is_not_there_is_not_found() -> None:
    """As the newest is not."""
    site, diary = three_versions()
    site.files.clear()
    assert site.refuse(f"{diary.log.did}?versionNumber=1") == "not-found"


def test_what_has_no_versions_cannot_be_asked_for_them() -> None:
    """A did:web is what it is today."""
    assert Site(alice()).refuse(f"{WEB}?versionId=1") == "not-found"


def test_a_newer_entry_is_seen_when_the_old_one_has_run_out() -> None:
    """Only what is new is verified."""
    site, diary = published(ttl_s=60)
    first = site.resolve(diary.log.did)
    diary.write(signer(1), state={**diary.log.newest.entry.state, "more": 1})
    site.publish(diary)
    assert site.resolve(diary.log.did) is first
    site.now_s += 60
    assert site.resolve(diary.log.did)["more"] == 1


def test_a_pico_that_moved_is_found_by_its_old_place() -> None:
    """The document says the name that was asked for, and knows the new one."""
    site, diary = published()
    before = diary.log.did
    diary.write(signer(1), state=move_state(diary.log, "new.example"))
    site.publish(diary)
    document = site.resolve(before)
    assert document["id"] == before
    assert diary.log.did in document["alsoKnownAs"]


def test_witnesses_are_asked_for_where_there_are_some() -> None:
    """And have to be enough."""
    witnesses = [signer(11), signer(12)]
    changes = Changes(witness=rule(2, witnesses))
    diary = Diary.begin(signer(1), changes, witnesses=witnesses, place=PLACE)
    site = Site()
    site.publish(diary)
    assert site.resolve(diary.log.did)["id"] == diary.log.did
    assert site.asked == ["/picos/7/did.jsonl", "/picos/7/did-witness.json"]
    for missing in ("[]", "{}", "x", "[1]", '[{"versionId": 1}]', '[{"versionId": "1", "proof": [1]}]'):
        site.resolver = DidResolver(site.web, lambda: site.now_s)
        site.files["/picos/7/did-witness.json"] = missing
        assert site.refuse(diary.log.did) == "not-witnessed"


def test_a_log_that_has_ended_has_no_document() -> None:
    """Also where there was one."""
    site, diary = published()
    site.resolve(diary.log.did)
    diary.add(deactivate_log(diary.log, signer(1), NOW_S + 60))
    site.resolver.learn_log(diary.log)
    site.publish(diary)
    assert site.refuse(diary.log.did) == "deactivated"
    assert site.refuse(diary.log.name + f"?src={SITE}/picos/7") == "deactivated"


def test_a_log_that_has_ended_is_not_asked_for() -> None:
    """It will have no other entry."""
    diary = Diary.begin(signer(1))
    diary.add(deactivate_log(diary.log, signer(1), NOW_S + 60))
    site = Site()
    site.resolver.learn_log(diary.log)
    assert site.refuse(diary.log.name) == site.refuse(diary.log.did) == "deactivated"
    assert site.asked == []


def test_a_log_at_anothers_place_is_refused() -> None:
    """The place proves nothing; the SCID does."""
    site, diary = published()
    other = Diary.begin(signer(2), place=PLACE).log
    assert site.refuse(other.did) == "wrong-scid"
    assert site.refuse(f"{other.name}?src={SITE}/picos/7") == "wrong-scid"
    site.files["/other/did.jsonl"] = log_to_jsonl(diary.log.entries)
    assert site.refuse(f"did:webvh:{diary.log.scid}:{SITE}:other") == "wrong-name"


def test_a_log_that_is_too_long_is_refused_unread() -> None:
    """By its bytes, and by its lines."""
    site, diary = published()
    for text in (" " * (LOG_BYTES + 1), "{}\n" * 2000):
        site.files["/picos/7/did.jsonl"] = text
        assert site.refuse(diary.log.did) == "too-large"


def test_no_more_is_remembered_than_was_said() -> None:
    """What was not used for longest goes."""
    resolver = DidResolver(None, lambda: NOW_S, remembered=2)
    first = resolver.at_hand(KEY)
    for number in range(3):
        resolver.at_hand(f"did:key:{signer(number + 1).multikey}")
    assert resolver.at_hand(KEY) is not first
