"""Logs that strangers send, most of them with good hashes and signatures: each is refused by a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.dids import (
    Changes,
    DidRefused,
    Entry,
    hash_key,
    log_from_jsonl,
    log_to_jsonl,
    update_log,
    verify_log,
)
from engine.adapters.dids.limits import ENTRY_PROOFS, LOG_BYTES, LOG_ENTRIES
from engine.adapters.dids.proofs import did_of_key, prove
from engine.core.multiformats import to_multibase
from tests.campaign import examples
from tests.engine.adapters.dids.foreign_logs import foreign_verdict_of
from tests.engine.adapters.dids.forging import first_entry, next_entry, seal, sign_as, tamper
from tests.engine.adapters.dids.people import NOW_S, Diary, rule, signer, state, three_entries

ONE, TWO, STRANGER = signer(1), signer(2), signer(99)
FIRST = {"method": "did:webvh:1.0", "scid": "{SCID}", "portable": True, "updateKeys": [ONE.multikey]}
LATER_S = NOW_S + 86_400
ELSEWHERE = "elsewhere.example"
P256 = "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"


def first(**parameters: Any) -> list[Entry]:
    """A log of one entry that says this, too."""
    given = {**FIRST, **parameters}
    return [first_entry({name: value for name, value in given.items() if value is not ...}, ONE)]


def then(entries: list[Entry], **parameters: Any) -> list[Entry]:
    return [*entries, next_entry(entries, ONE, parameters)]


def promised(*keys: Any) -> list[Entry]:
    return first(nextKeyHashes=[hash_key(key.multikey) for key in keys])


def with_proof(**change: Any) -> list[Entry]:
    (entry,) = first()
    return [replace(entry, proof=({**entry.proof[0], **change},))]


def resigned(**change: Any) -> list[Entry]:
    """A proof whose signature fits, although it says something else; `...` leaves a member out."""
    (entry,) = first()
    return [sign_as(entry, ONE, **change)]


def signed_by(*keys: Any) -> list[Entry]:
    (entry,) = first()
    return [replace(entry, proof=tuple(prove(entry.unsigned(), key, NOW_S) for key in keys))]


def named(did: str, **more: Any) -> list[Entry]:
    return [first_entry(FIRST, ONE, {**state(), "id": did, **more})]


def renamed(did: str | None = None, *, also: bool = True, portable: bool = True) -> list[Entry]:
    """The second entry has another name."""
    entries = first(portable=portable)
    before = entries[0].state
    new = did or str(before["id"]).rpartition(":")[0] + ":8"
    document = {**before, "id": new, "alsoKnownAs": [before["id"]] if also else []}
    return [*entries, next_entry(entries, ONE, document=document)]


def at(time: str) -> list[Entry]:
    entries = first()
    return [*entries, next_entry(entries, ONE, time=time)]


def numbered(number: int) -> list[Entry]:
    entries = first()
    return [*entries, next_entry(entries, ONE, number=number)]


def with_version_id(change: Callable[[str], str]) -> list[Entry]:
    (entry,) = first()
    return [replace(entry, version_id=change(entry.version_id))]


def witnessed(**change: Any) -> list[Entry]:
    return first(witness={**rule(1, [signer(11)]).to_json(), **change})


def third(change: Callable[[list[Entry]], list[Entry]]) -> list[Entry]:
    return change(list(three_entries().log.entries))


FORGED: dict[str, tuple[Callable[[], list[Entry]], str]] = {
    "no entries": (lambda: [], "bad-log"),
    "too many entries": (lambda: first() * (LOG_ENTRIES + 1), "bad-log"),
    # the chain
    "begins in the middle": (lambda: third(lambda log: log[1:]), "bad-parameters"),
    "an entry is missing": (lambda: third(lambda log: [log[0], log[2]]), "broken-chain"),
    "an entry stands twice": (lambda: third(lambda log: [log[0], log[0]]), "bad-parameters"),
    "entries change places": (lambda: third(lambda log: [log[0], log[2], log[1]]), "broken-chain"),
    "numbers with a gap": (lambda: numbered(3), "broken-chain"),
    "the same number again": (lambda: numbered(1), "broken-chain"),
    "another's entry follows": (lambda: [*first(), *then(first(ttl=7))[1:]], "broken-chain"),
    "no number": (lambda: with_version_id(lambda text: text.partition("-")[2]), "broken-chain"),
    "two dashes": (lambda: with_version_id(lambda text: text.replace("-", "--")), "broken-chain"),
    "a number with a zero": (lambda: with_version_id(lambda text: "0" + text), "broken-chain"),
    "a number with a plus": (lambda: with_version_id(lambda text: "+" + text), "broken-chain"),
    "a number in other digits": (lambda: with_version_id(lambda text: "١" + text[1:]), "broken-chain"),
    "a huge number": (lambda: with_version_id(lambda text: "9" * 5000 + text), "broken-chain"),
    "another hash": (lambda: with_version_id(lambda text: text[:-1] + "2"), "broken-chain"),
    "a hash of another kind": (lambda: with_version_id(lambda text: "1-z" + text[3:]), "broken-chain"),
    "the document was changed": (
        lambda: [replace(first()[0], state={**first()[0].state, "a": 1})],
        "broken-chain",
    ),
    "the time was changed": (
        lambda: [replace(first()[0], version_time="2025-11-13T02:13:21Z")],
        "broken-chain",
    ),
    "a number nobody agrees on": (lambda: [replace(first()[0], state={"id": "x", "a": 2**60})], "bad-log"),
    "half a character": (lambda: [replace(first()[0], state={"id": "\ud800"})], "bad-log"),
    # its name
    "an SCID that fits nothing": (
        lambda: [
            seal(replace(e, parameters={**e.parameters, "ttl": 5}), 1, e.parameters["scid"], ONE)
            for e in first()
        ],
        "wrong-scid",
    ),
    "no SCID": (lambda: first(scid=...), "bad-parameters"),
    "an SCID that is none": (lambda: first(scid="Qm1"), "bad-parameters"),
    "an SCID that is a number": (lambda: first(scid=7), "bad-parameters"),
    "an SCID again": (lambda: then(first(), scid=first()[0].parameters["scid"]), "bad-parameters"),
    "no id": (lambda: [first_entry(FIRST, ONE, {"a": "{SCID}"})], "wrong-name"),
    "an id that is a number": (lambda: [first_entry(FIRST, ONE, {"id": 7, "a": "{SCID}"})], "wrong-name"),
    "an id of another method": (lambda: named("did:web:a.example:{SCID}"), "not-a-did"),
    "an id that is no DID": (lambda: named("did:webvh:{SCID}:a.example/b"), "not-a-did"),
    "an id with a fragment": (lambda: named("did:webvh:{SCID}:a.example#b"), "not-a-did"),
    "an id at an address": (lambda: named("did:webvh:{SCID}:127.0.0.1"), "bad-location"),
    "an id at no place": (lambda: named("did:webvh:{SCID}"), "not-a-did"),
    "an id with another SCID": (
        lambda: named(f"did:webvh:{first()[0].parameters['scid']}:a.example"),
        "wrong-name",
    ),
    "another SCID later": (
        lambda: renamed(f"did:webvh:{three_entries().log.scid}:{ELSEWHERE}"),
        "wrong-name",
    ),
    "a move that was not allowed": (lambda: renamed(portable=False), "not-portable"),
    "a move that forgets the old name": (lambda: renamed(also=False), "not-portable"),
    # parameters
    "no method": (lambda: first(method=...), "bad-parameters"),
    "an unknown method": (lambda: first(method="did:webvh:99.0"), "bad-parameters"),
    "an older method": (lambda: first(method="did:webvh:0.5"), "bad-parameters"),
    "a later change of method": (lambda: then(first(), method="did:webvh:0.5"), "bad-parameters"),
    "an unknown parameter": (lambda: first(surprise=1), "bad-parameters"),
    "no keys": (lambda: first(updateKeys=...), "bad-parameters"),
    "no keys in the list": (lambda: first(updateKeys=[]), "unauthorised-key"),
    "keys that are no list": (lambda: first(updateKeys=ONE.multikey), "bad-parameters"),
    "keys that are no texts": (lambda: first(updateKeys=[1]), "bad-parameters"),
    "a key twice": (lambda: first(updateKeys=[ONE.multikey] * 2), "bad-parameters"),
    "too many keys": (lambda: first(updateKeys=[f"z{n}" for n in range(99)]), "bad-parameters"),
    "a huge key": (lambda: first(updateKeys=[ONE.multikey, "z" * 9999]), "bad-parameters"),
    "hashes that are no list": (lambda: first(nextKeyHashes={}), "bad-parameters"),
    "portable by a text": (lambda: first(portable="true"), "bad-parameters"),
    "portable by a number": (lambda: first(portable=1), "bad-parameters"),
    "portable later": (lambda: then(first(portable=False), portable=True), "bad-parameters"),
    "portable again": (lambda: then(first(), portable=True), "bad-parameters"),
    "deactivated by a number": (lambda: first(deactivated=1), "bad-parameters"),
    "a negative ttl": (lambda: first(ttl=-1), "bad-parameters"),
    "a ttl that is true": (lambda: first(ttl=True), "bad-parameters"),
    "a ttl with a fraction": (lambda: first(ttl=1.5), "bad-parameters"),
    "a huge ttl": (lambda: first(ttl=2**31 + 1), "bad-parameters"),
    "watchers that are no texts": (lambda: first(watchers=[{}]), "bad-parameters"),
    # witnesses
    "a threshold of none": (lambda: witnessed(threshold=0), "bad-parameters"),
    "a threshold of too many": (lambda: witnessed(threshold=2), "bad-parameters"),
    "a threshold that is true": (lambda: witnessed(threshold=True), "bad-parameters"),
    "a threshold with a fraction": (lambda: witnessed(threshold=0.5), "bad-parameters"),
    "no threshold": (lambda: first(witness={"witnesses": []}), "bad-parameters"),
    "no witnesses": (lambda: witnessed(witnesses=[]), "bad-parameters"),
    "too many witnesses": (
        lambda: first(witness=rule(1, [signer(n) for n in range(99)]).to_json()),
        "bad-parameters",
    ),
    "a witness twice": (
        lambda: witnessed(witnesses=[{"id": did_of_key(ONE.multikey)}] * 2),
        "bad-parameters",
    ),
    "a witness with weight": (lambda: witnessed(weight=1), "bad-parameters"),
    "a witness without id": (lambda: witnessed(witnesses=[{}]), "bad-parameters"),
    "a witness by another method": (
        lambda: witnessed(witnesses=[{"id": "did:web:a.example"}]),
        "bad-parameters",
    ),
    "a witness of another curve": (lambda: witnessed(witnesses=[{"id": did_of_key(P256)}]), "bad-parameters"),
    "a witness that is a list": (lambda: first(witness=[]), "bad-parameters"),
    "a witness that did not approve": (lambda: witnessed(), "not-witnessed"),
    # times
    "the same time": (lambda: at("2025-11-13T02:13:20Z"), "bad-time"),
    "an earlier time": (lambda: at("2025-11-12T02:13:20Z"), "bad-time"),
    "a time in the future": (lambda: at("2030-01-01T00:00:00Z"), "bad-time"),
    "a time without zone": (lambda: at("2025-11-13T04:00:00"), "bad-time"),
    "a time in another zone": (lambda: at("2025-11-13T04:00:00+01:00"), "bad-time"),
    "a time in words": (lambda: at("tomorrow"), "bad-time"),
    "a day that is none": (lambda: at("2025-02-30T04:00:00Z"), "bad-time"),
    "a time in other digits": (lambda: at("٢٠٢٥-11-13T04:00:00Z"), "bad-time"),
    # signatures
    "not signed": (lambda: signed_by(), "bad-proof"),
    "signed by a stranger": (lambda: signed_by(STRANGER), "unauthorised-key"),
    "signed by a stranger too": (lambda: signed_by(ONE, STRANGER), "unauthorised-key"),
    "later by a stranger": (lambda: [*first(), next_entry(first(), STRANGER)], "unauthorised-key"),
    "later by a key that it names itself": (
        lambda: [*first(), next_entry(first(), TWO, {"updateKeys": [TWO.multikey]})],
        "unauthorised-key",
    ),
    "a signature of something else": (
        lambda: with_proof(proofValue=prove({"a": 1}, ONE, NOW_S)["proofValue"]),
        "bad-proof",
    ),
    "a signature of zeros": (lambda: with_proof(proofValue=to_multibase("z", bytes(64))), "bad-proof"),
    "a short signature": (lambda: with_proof(proofValue=to_multibase("z", bytes(63))), "bad-proof"),
    "a signature in another base": (lambda: with_proof(proofValue=to_multibase("u", bytes(64))), "bad-proof"),
    "a signature that is a number": (lambda: with_proof(proofValue=1), "bad-proof"),
    "a huge signature": (lambda: with_proof(proofValue="z" + "2" * 100_000), "bad-proof"),
    "no signature": (lambda: with_proof(proofValue=None), "bad-proof"),
    "another suite": (lambda: resigned(cryptosuite="ecdsa-jcs-2019"), "bad-proof"),
    "no suite": (lambda: resigned(cryptosuite=...), "bad-proof"),
    "another purpose": (lambda: resigned(proofPurpose="authentication"), "bad-proof"),
    "another type of proof": (lambda: resigned(type="Ed25519Signature2020"), "bad-proof"),
    "a proof with another context": (lambda: resigned(**{"@context": "x"}), "bad-proof"),
    "a proof made at no time": (lambda: resigned(created="now"), "bad-time"),
    "a proof with a number nobody agrees on": (lambda: with_proof(nonce=2**60), "bad-proof"),
    "a key by another name": (
        lambda: resigned(verificationMethod=f"{did_of_key(ONE.multikey)}#{TWO.multikey}"),
        "bad-proof",
    ),
    "a key without fragment": (lambda: resigned(verificationMethod=did_of_key(ONE.multikey)), "bad-proof"),
    "a key of another method": (lambda: resigned(verificationMethod="did:web:a.example#b"), "bad-proof"),
    "a key of another curve": (lambda: resigned(verificationMethod=f"{did_of_key(P256)}#{P256}"), "bad-key"),
    "a key that is a list": (lambda: resigned(verificationMethod=[]), "bad-proof"),
    # promised keys
    "a key that was not promised": (
        lambda: [
            *promised(TWO),
            next_entry(promised(TWO), STRANGER, {"updateKeys": [STRANGER.multikey], "nextKeyHashes": []}),
        ],
        "uncommitted-key",
    ),
    "one promised key and one that was not": (
        lambda: [
            *promised(TWO),
            next_entry(
                promised(TWO), TWO, {"updateKeys": [TWO.multikey, STRANGER.multikey], "nextKeyHashes": []}
            ),
        ],
        "uncommitted-key",
    ),
    "the key before, which was not promised": (
        lambda: then(promised(TWO), updateKeys=[ONE.multikey], nextKeyHashes=[]),
        "uncommitted-key",
    ),
    "promised keys are passed over": (lambda: then(promised(TWO)), "bad-parameters"),
    "promised keys, and no new promise": (
        lambda: [*promised(TWO), next_entry(promised(TWO), TWO, {"updateKeys": [TWO.multikey]})],
        "bad-parameters",
    ),
    "promised keys are none": (
        lambda: then(promised(TWO), updateKeys=[], nextKeyHashes=[]),
        "unauthorised-key",
    ),
    "signed by the key before the promised one": (
        lambda: then(promised(TWO), updateKeys=[TWO.multikey], nextKeyHashes=[]),
        "unauthorised-key",
    ),
    # the end
    "an entry after the end": (lambda: then(then(first(), deactivated=True)), "after-deactivation"),
    "life after death": (
        lambda: then(then(first(), deactivated=True), deactivated=False),
        "after-deactivation",
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_log_is_refused_by_name(kind: str) -> None:
    """Whatever else about it is right."""
    make, problem = FORGED[kind]
    with pytest.raises(DidRefused) as caught:
        verify_log(make(), LATER_S)
    assert caught.value.problem == problem, caught.value
    assert caught.value.error == "invalidDid"
    assert len(str(caught.value)) < 400


def test_what_is_forged_differs_from_what_is_good() -> None:
    """The same helpers, without a lie, make logs that everybody believes."""
    for entries in (
        first(),
        then(first()),
        renamed(),
        promised(TWO),
        resigned(),
        signed_by(ONE),
    ):
        log = verify_log(entries, LATER_S)
        assert foreign_verdict_of(log.did, log_to_jsonl(entries))["didDocument"] is not None


LINE = log_to_jsonl(three_entries().log.entries).splitlines()[0]
BAD_LINES: dict[str, str] = {
    "nothing": "",
    "an empty line": f"{LINE}\n\n",
    "no JSON": "{",
    "a list": "[]",
    "a number": "7",
    "not a number": LINE.replace('"portable":true', '"portable":NaN'),
    "a name twice": LINE.replace('"versionId"', '"state":{},"versionId"'),
    "half a character": tamper(LINE, lambda entry: entry.update(versionId="\ud800")),
    "brackets": "[" * 100_000,
    "deep": tamper(LINE, lambda entry: entry["state"].update(a=json.loads("[" * 50 + "]" * 50))),
    "no proof": tamper(LINE, lambda entry: entry.pop("proof")),
    "something more": tamper(LINE, lambda entry: entry.update(more=1)),
    "a number for an id": tamper(LINE, lambda entry: entry.update(versionId=1)),
    "a number for a time": tamper(LINE, lambda entry: entry.update(versionTime=1)),
    "parameters that are a list": tamper(LINE, lambda entry: entry.update(parameters=[])),
    "a document that is a text": tamper(LINE, lambda entry: entry.update(state="x")),
    "a proof that is a text": tamper(LINE, lambda entry: entry.update(proof="x")),
    "a proof in a list that is a text": tamper(LINE, lambda entry: entry.update(proof=["x"])),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_line_that_is_no_entry_is_refused(kind: str) -> None:
    """With the number of the line."""
    with pytest.raises(DidRefused) as caught:
        log_from_jsonl(BAD_LINES[kind])
    assert caught.value.problem == "bad-log"
    assert caught.value.version == (2 if kind == "an empty line" else 1)


def test_a_log_that_is_too_long_is_refused_unread() -> None:
    """By its bytes, and by its lines."""
    for text in (" " * (LOG_BYTES + 1), "\n" * LOG_ENTRIES * 2):
        with pytest.raises(DidRefused, match="too-large"):
            log_from_jsonl(text)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_size_is_none(size: int) -> None:
    """Said as it is, and not that somebody else made it."""
    with pytest.raises(DidRefused, match=f"64 bytes, not {size}"):
        verify_log(with_proof(proofValue=to_multibase("z", bytes(size))), LATER_S)


def test_an_entry_with_too_many_proofs_is_refused() -> None:
    """Each costs a verification."""
    line = tamper(LINE, lambda entry: entry.update(proof=entry["proof"] * (ENTRY_PROOFS + 1)))
    with pytest.raises(DidRefused, match="too-large"):
        log_from_jsonl(line)


TEXT = log_to_jsonl(three_entries().log.entries)


def entries_believed(text: str) -> tuple[Entry, ...] | None:
    """None if it is refused; another exception is another matter."""
    try:
        return verify_log(log_from_jsonl(text), LATER_S).entries
    except DidRefused:
        return None


@settings(max_examples=examples(400), deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    """Every letter of a log is hashed or signed; a change that is read as the same is no change."""
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    assert entries_believed(changed) in (None, log_from_jsonl(TEXT))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    ("versionId",), ("versionTime",), ("parameters",), ("state",), ("proof",),
    ("parameters", "updateKeys"), ("parameters", "witness"), ("parameters", "scid"), ("parameters", "method"),
    ("parameters", "nextKeyHashes"), ("state", "id"), ("state", "alsoKnownAs"), ("proof", 0),
    ("proof", 0, "proofValue"), ("proof", 0, "verificationMethod"), ("proof", 0, "created"),
]  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(PATHS), JSON, st.integers(0, 2))
def test_anything_in_the_place_of_anything_is_refused(
    path: tuple[str | int, ...], value: Any, number: int
) -> None:
    """Or is what was there; nothing else happens."""
    lines = TEXT.splitlines()
    entry = json.loads(lines[number])
    inner = entry
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    lines[number] = json.dumps(entry)
    believed = entries_believed("\n".join(lines))
    assert believed is None or json.loads(lines[number]) == json.loads(TEXT.splitlines()[number])


def test_a_stolen_key_of_the_past_writes_no_second_present() -> None:
    """Promised keys are good for one entry; who knows the log refuses another one in its place."""
    diary = Diary.begin(ONE, Changes(next_keys=(TWO.multikey,)))
    stolen = update_log(diary.log, TWO, NOW_S + 61, changes=Changes(next_keys=(STRANGER.multikey,)))
    before = diary.log.entries
    known = diary.write(TWO, Changes(next_keys=(signer(3).multikey,)))
    with pytest.raises(DidRefused, match="forked"):
        verify_log([*before, stolen], LATER_S, known=known)
