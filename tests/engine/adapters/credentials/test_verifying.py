"""Credentials as they are issued are good; hostile ones are refused, each for its own reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.credentials import (
    CannotIssue,
    Didkit,
    Expected,
    Form,
    Refused,
    Verified,
    Verifier,
    read_unproven,
)
from engine.adapters.credentials import issue as issue_text
from engine.adapters.credentials.documents import CREDENTIALS_V1, LARGEST, MOST_TYPES
from engine.adapters.credentials.own_proofs import add_proof, write_token
from engine.adapters.credentials.tokens import read_token, to_claims
from engine.core.multiformats import to_base64url
from tests.engine.adapters.credentials.people import (
    FAR_OFF_S,
    FORMS,
    HOLDER,
    ISSUER,
    LONG_AGO_S,
    NOW_S,
    OURS,
    STRANGER,
    code,
    credential,
    verify,
)

GOOD: dict[Form, str] = {}
"""Issued once; a proof that is made again differs in its date."""
Change = Callable[[dict[str, Any]], object]


def linked(didkit: Didkit, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(issue_text(credential(**changes), ISSUER, "linked-data", didkit))
    return made


@pytest.mark.parametrize("form", FORMS)
def test_what_was_issued_is_good_and_says_the_same(didkit: Didkit, form: Form) -> None:
    """All of it comes back: subject, issuer, types, claims and dates."""
    found = verify(issue_text(credential(), ISSUER, form, didkit), didkit)
    assert found == Verified(credential(), form, "none")
    assert (found.subject, found.issuer, found.types) == (HOLDER.did, ISSUER.did, ("EngineCredential",))
    assert (found.claims["picos"], found.valid_from_s, found.valid_until_s) == (500, LONG_AGO_S, FAR_OFF_S)


def test_a_jwt_holds_claims_of_every_kind(didkit: Didkit) -> None:
    """Linked data could not say the order of a list."""
    claims = {"rights": ["read", "write"], "share": 0.25, "until": None, "notes": {}}
    found = verify(issue_text(credential(claims=claims), ISSUER, "jwt", didkit), didkit)
    assert isinstance(found, Verified)
    assert found.claims == claims


@pytest.mark.parametrize("form", FORMS)
def test_an_expired_credential_is_refused(didkit: Didkit, form: Form) -> None:
    """From the second at which it ends; didkit alone takes the linked-data one (see test_didkit)."""
    text = issue_text(credential(valid_until_s=NOW_S), ISSUER, form, didkit)
    assert code(verify(text, didkit)) == "expired"


def test_dates_are_held_against_the_time_that_is_given(didkit: Didkit) -> None:
    """Good from its first second to its last."""
    text = issue_text(credential(valid_from_s=NOW_S, valid_until_s=NOW_S + 10), ISSUER, "linked-data", didkit)
    codes = [code(Verifier(didkit).verify(text, NOW_S + after)) for after in (-1, 0, 9, 10)]
    assert codes == ["not-yet-valid", "good", "good", "expired"]


@pytest.mark.parametrize(
    ("expected", "refusal"),
    [
        (Expected(subject=STRANGER.did), "wrong-subject"),
        (Expected(issuers=frozenset({STRANGER.did})), "wrong-issuer"),
        (Expected(issuers=frozenset()), "wrong-issuer"),
        (Expected(types=frozenset({"OwnerCredential"})), "wrong-type"),
        (Expected(HOLDER.did, frozenset({ISSUER.did}), frozenset({"EngineCredential"})), "good"),
    ],
)
def test_another_credential_than_the_one_expected_is_refused(
    didkit: Didkit, expected: Expected, refusal: str
) -> None:
    """However good it is."""
    text = issue_text(credential(), ISSUER, "jwt", didkit)
    assert code(verify(text, didkit, expected=expected)) == refusal


HOSTILE: dict[str, tuple[Change, str]] = {
    "a claim changed": (lambda it: it["credentialSubject"].update(picos=501), "bad-proof"),
    "a claim within a claim changed": (
        lambda it: it["credentialSubject"]["limits"].update(open=False),
        "bad-proof",
    ),
    "a claim added": (lambda it: it["credentialSubject"].update(admin=True), "bad-proof"),
    "a claim removed": (lambda it: it["credentialSubject"].pop("picos"), "bad-proof"),
    "a null added": (lambda it: it["credentialSubject"].update(admin=None), "unsupported"),
    "an empty list added": (lambda it: it["credentialSubject"].update(admin=[]), "unsupported"),
    "an empty object added": (lambda it: it["credentialSubject"].update(admin={}), "unsupported"),
    "a value made a list": (lambda it: it["credentialSubject"].update(role=["host"]), "unsupported"),
    "a number made a fraction": (lambda it: it["credentialSubject"].update(picos=500.0), "unsupported"),
    "a number made too large": (lambda it: it["credentialSubject"].update(picos=2**60), "unsupported"),
    "a friend with a relative id": (
        lambda it: it["credentialSubject"].update(friend={"id": "x"}),
        "unsupported",
    ),
    "a context within": (lambda it: it["credentialSubject"].update({"@context": {"a": "b"}}), "unsupported"),
    "a keyword within": (lambda it: it["credentialSubject"]["limits"].update({"@type": "x"}), "unsupported"),
    "a proof within": (lambda it: it["credentialSubject"].update(proof="x"), "unsupported"),
    "a claim renamed by context": (
        lambda it: it["@context"][1].update(boss="urn:picomesh:credential:role"),
        "unknown-context",
    ),
    "a claim silenced by context": (lambda it: it["@context"][1].update(role=None), "unknown-context"),
    "a context of somebody's": (
        lambda it: it["@context"].append("https://evil.example/v1"),
        "unknown-context",
    ),
    "no context": (lambda it: it.pop("@context"), "unknown-context"),
    "another issuer": (lambda it: it.update(issuer=STRANGER.did), "wrong-key"),
    "another issuer and key": (
        lambda it: (it.update(issuer=STRANGER.did), it["proof"].update(verificationMethod=STRANGER.key_id)),
        "bad-proof",
    ),
    "an issuer over the network": (
        lambda it: (
            it.update(issuer="did:web:a.example"),
            it["proof"].update(verificationMethod="did:web:a.example#k"),
        ),
        "unsupported",
    ),
    "another key of the issuer": (
        lambda it: it["proof"].update(verificationMethod=f"{ISSUER.did}#x"),
        "wrong-key",
    ),
    "another subject": (lambda it: it["credentialSubject"].update(id=STRANGER.did), "bad-proof"),
    "a relative subject": (lambda it: it["credentialSubject"].update(id="bob"), "malformed"),
    "no subject": (lambda it: it.pop("credentialSubject"), "unsupported"),
    "two subjects": (lambda it: it.update(credentialSubject=[it["credentialSubject"]]), "unsupported"),
    "a longer life": (lambda it: it.update(expirationDate="2999-01-01T00:00:00Z"), "bad-proof"),
    "an endless life": (lambda it: it.pop("expirationDate"), "bad-proof"),
    "an earlier beginning": (lambda it: it.update(issuanceDate="2019-01-01T00:00:00Z"), "bad-proof"),
    "a date that is none": (lambda it: it.update(expirationDate="soon"), "malformed"),
    "a date that never was": (lambda it: it.update(issuanceDate="2020-02-30T00:00:00Z"), "malformed"),
    "another type": (lambda it: it.update(type=["VerifiableCredential", "OwnerCredential"]), "bad-proof"),
    "a type twice": (lambda it: it["type"].append("EngineCredential"), "malformed"),
    "types that are none": (lambda it: it.update(type=7), "malformed"),
    "a type in letters": (lambda it: it.update(type="VerifiableCredential"), "malformed"),
    "too many types": (
        lambda it: it["type"].extend(f"T{number}" for number in range(MOST_TYPES)),
        "malformed",
    ),
    "not its type": (lambda it: it.update(type=["EngineCredential"]), "malformed"),
    "another id": (lambda it: it.update(id="urn:uuid:2"), "bad-proof"),
    "evidence": (lambda it: it.update(evidence=[]), "unsupported"),
    "terms of use": (lambda it: it.update(termsOfUse={"id": "urn:x:y"}), "unsupported"),
    "a status": (
        lambda it: it.update(credentialStatus={"id": "urn:x:y", "type": "RevocationList2020Status"}),
        "unsupported",
    ),
    "two statuses": (lambda it: it.update(credentialStatus=[]), "unsupported"),
    "no proof": (lambda it: it.pop("proof"), "unsupported"),
    "the proof twice": (lambda it: it.update(proof=[it["proof"], it["proof"]]), "unsupported"),
    "another purpose": (lambda it: it["proof"].update(proofPurpose="authentication"), "wrong-purpose"),
    "another kind of proof": (lambda it: it["proof"].update(type="Ed25519Signature2020"), "unsupported"),
    "a proof with a challenge": (lambda it: it["proof"].update(challenge="x"), "unsupported"),
    "a later proof": (lambda it: it["proof"].update(created="2021-01-01T00:00:00Z"), "bad-proof"),
    "a proof by nobody": (lambda it: it["proof"].pop("verificationMethod"), "malformed"),
    "a proof at no time": (lambda it: it["proof"].update(created="soon"), "malformed"),
    "no signature": (lambda it: it["proof"].update(jws=""), "bad-proof"),
    "a signature that is a number": (lambda it: it["proof"].update(jws=5), "bad-proof"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_linked_data_credential_is_refused(didkit: Didkit, name: str) -> None:
    """Each way of touching one that was good."""
    touch, refusal = HOSTILE[name]
    document = linked(didkit)
    assert code(verify(json.dumps(document), didkit)) == "good"
    touch(document)
    assert code(verify(json.dumps(document), didkit)) == refusal


def test_a_proof_made_for_another_purpose_is_refused(didkit: Didkit) -> None:
    """Made like that by the issuer, so that the signature itself is good."""
    document = linked(didkit)
    del document["proof"]
    options = {"verificationMethod": ISSUER.key_id, "proofPurpose": "authentication"}
    text = didkit.issue_credential(document, options, ISSUER.jwk)
    assert code(verify(text, didkit)) == "wrong-purpose"


def jwt(didkit: Didkit, **changes: Any) -> str:
    return issue_text(credential(**changes), ISSUER, "jwt", didkit)


def altered(text: str, header: dict[str, Any] | None = None, payload: dict[str, Any] | None = None) -> str:
    """With another header or payload and the same signature."""
    parts = text.split(".")
    for place, part in enumerate((header, payload)):
        parts[place] = parts[place] if part is None else to_base64url(json.dumps(part).encode())
    return ".".join(parts)


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "no algorithm": ({"alg": "none", "kid": ISSUER.key_id}, "unsupported"),
    "a shared secret": ({"alg": "HS256", "kid": ISSUER.key_id}, "unsupported"),
    "no key": ({"alg": "EdDSA"}, "malformed"),
    "a key of its own": ({"alg": "EdDSA", "kid": ISSUER.key_id, "jwk": {}}, "unsupported"),
    "something critical": (
        {"alg": "EdDSA", "kid": ISSUER.key_id, "crit": ["b64"], "b64": False},
        "unsupported",
    ),
    "a stranger's key": ({"alg": "EdDSA", "kid": STRANGER.key_id}, "wrong-key"),
    "another kind of token": ({"alg": "EdDSA", "kid": ISSUER.key_id, "typ": "at+jwt"}, "unsupported"),
    "a type beside": ({"alg": "EdDSA", "kid": ISSUER.key_id, "typ": "JWT"}, "bad-proof"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_jwt_with_a_hostile_header_is_refused(didkit: Didkit, name: str) -> None:
    """Whatever it asks for, the key and the algorithm are the issuer's."""
    header, refusal = HEADERS[name]
    assert code(verify(altered(jwt(didkit), header=header), didkit)) == refusal


PAYLOADS: dict[str, tuple[Change, str]] = {
    "a claim changed": (lambda it: it["vc"]["credentialSubject"].update(picos=501), "bad-proof"),
    "another issuer outside": (lambda it: it.update(iss=STRANGER.did), "malformed"),
    "another subject outside": (lambda it: it.update(sub=STRANGER.did), "malformed"),
    "another end outside": (lambda it: it.update(exp=FAR_OFF_S + 1), "malformed"),
    "another beginning outside": (lambda it: it.update(nbf=LONG_AGO_S - 1), "malformed"),
    "another id outside": (lambda it: it.update(jti="urn:uuid:2"), "malformed"),
    "no issuer outside": (lambda it: it.pop("iss"), "malformed"),
    "another issuer altogether": (
        lambda it: (it.update(iss=STRANGER.did), it["vc"].update(issuer=STRANGER.did)),
        "wrong-key",
    ),
    "an end that is no time": (lambda it: it.update(exp="never"), "malformed"),
    "an audience": (lambda it: it.update(aud="did:example:x"), "unsupported"),
    "no credential": (lambda it: it.pop("vc"), "unsupported"),
    "no contexts": (lambda it: it["vc"].pop("@context"), "malformed"),
    "a crowd of contexts": (lambda it: it["vc"].update({"@context": [CREDENTIALS_V1] * 100}), "malformed"),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_jwt_with_a_hostile_payload_is_refused(didkit: Didkit, name: str) -> None:
    """Changed by somebody who cannot sign it again, or contradicting itself."""
    touch, refusal = PAYLOADS[name]
    text = jwt(didkit)
    payload: dict[str, Any] = json.loads(json.dumps(read_token(text).payload))
    touch(payload)
    assert code(verify(altered(text, payload=payload), didkit)) == refusal


@pytest.mark.parametrize("name", [name for name, (_, refusal) in PAYLOADS.items() if refusal != "bad-proof"])
def test_a_contradiction_is_refused_although_it_is_signed(didkit: Didkit, name: str) -> None:
    """By the issuer, who may be hostile too."""
    touch, refusal = PAYLOADS[name]
    payload = to_claims(credential())
    touch(payload)
    assert code(verify(write_token(payload, ISSUER), didkit)) == refusal


def test_a_context_that_nobody_knows_changes_nothing_about_a_jwt(didkit: Didkit) -> None:
    """What is signed is the text, so it is neither needed nor fetched."""
    payload = to_claims(credential())
    payload["vc"]["@context"].append("http://127.0.0.1:9/unknown")
    assert code(verify(write_token(payload, ISSUER), didkit)) == "good"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "malformed"),
        ("a.b", "malformed"),
        ("a.b.c", "malformed"),
        ("....", "malformed"),
        ("{", "malformed"),
        ("{}", "unknown-context"),
        ('{"id": 1, "id": 2}', "malformed"),
        ('{"id": "\\ud800"}', "malformed"),
        ("\ud800.\ud800.\ud800", "malformed"),
        ('{"id": NaN}', "malformed"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "too-large"),
        ('{"a":[' + "[]," * 5000 + "1]}", "too-large"),
        ('{"a": "' + "x" * LARGEST + '"}', "too-large"),
        ("e30." + "x" * LARGEST + ".e30", "too-large"),
    ],
)
def test_nonsense_is_refused_unread(didkit: Didkit, text: str, refusal: str) -> None:
    """Empty, broken, ambiguous, deep, crowded, huge."""
    assert code(verify(text, didkit)) == refusal


@pytest.mark.parametrize("text", ['{"a": "' + "x" * LARGEST + '"}', "e30." + "x" * LARGEST + ".e30"])
def test_who_only_looks_what_one_says_of_itself_reads_no_huge_one(text: str) -> None:
    """Nor does anything of it matter then."""
    found = read_unproven(text)
    assert isinstance(found, Refused)
    assert found.code == "too-large"


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_change_makes_another_good_credential(didkit: Didkit, form: Form, data: st.DataObject) -> None:
    """Of some characters, anywhere: refused, or it still says the same (as with a space more)."""
    text = GOOD.setdefault(form, issue_text(credential(), ISSUER, form, didkit))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, start + 3))
    put = data.draw(st.text(st.sampled_from('{}[]":, \\.0159aAeEnu_-=\t\x00é'), max_size=3))
    found = verify(text[:start] + put + text[end:], didkit)
    assert isinstance(found, Refused) or found.credential == credential()


def test_a_reason_cannot_steer_a_terminal(didkit: Didkit) -> None:
    """Names that strangers chose are quoted in it, without what is not to be seen."""
    found = verify(json.dumps(linked(didkit) | {"\x1b[2J": 1, "\u202e": 2}), didkit)
    assert isinstance(found, Refused)
    assert found.reason.isprintable()
    assert "[2J" in found.reason


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"issuer": STRANGER.did}, "cannot sign what"),
        ({"subject": "bob"}, "the subject 'bob' is no DID, nor another absolute URI"),
        ({"valid_until_s": LONG_AGO_S}, "would end before it begins"),
        ({"valid_from_s": -1}, "from 1970 to 9999"),
        ({"valid_until_s": 10**12}, "from 1970 to 9999"),
        ({"types": ("VerifiableCredential",)}, "is a type of every credential; name the others"),
        ({"types": ("Engine Credential",)}, "'Engine Credential' is no name of a type"),
        ({"types": ("A", "A")}, "the types are different names"),
        ({"claims": {"id": STRANGER.did}}, "a claim cannot be called id"),
        ({"claims": {"big": 2**60}}, "JSON that every reader understands|is a large number"),
        ({"claims": {"text": "x" * LARGEST}}, "and this would have"),
        ({"id": "7"}, "the id is no absolute URI"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_what_could_not_be_read_back_is_not_issued(
    didkit: Didkit, form: Form, changes: dict[str, Any], because: str
) -> None:
    """Refused before anything is signed, in words for whoever wanted to issue it."""
    with pytest.raises(CannotIssue, match=because):
        issue_text(credential(**changes), ISSUER, form, didkit)


@pytest.mark.parametrize(
    "claims", [{"a": [1]}, {"a": None}, {"a": 0.5}, {"a": {}}, {"@id": "x"}, {"type": "x"}]
)
def test_linked_data_is_not_issued_with_claims_it_cannot_hold(didkit: Didkit, claims: dict[str, Any]) -> None:
    """The message names the form that can."""
    with pytest.raises(CannotIssue, match="a JWT holds everything"):
        issue_text(credential(claims=claims), ISSUER, "linked-data", didkit)


@pytest.mark.parametrize("form", FORMS)
def test_nobody_issues_in_the_name_of_another(didkit: Didkit, form: Form) -> None:
    """Whatever key he has."""
    with pytest.raises(CannotIssue, match="cannot sign what"):
        issue_text(credential(), OURS, form, didkit)


def test_many_objects_are_too_much_for_linked_data(didkit: Didkit) -> None:
    """Of those a graph can have, some take exponentially long."""
    document = linked(didkit)
    document["credentialSubject"] |= {f"k{number}": {"a": 1} for number in range(100)}
    assert code(verify(json.dumps(document), didkit)) == "too-large"


def test_a_data_integrity_proof_by_a_did_key_is_read(didkit: Didkit) -> None:
    """As other people's tools make it; didkit is not needed for it."""
    document = linked(didkit)
    del document["proof"]
    proven = add_proof(document, ISSUER, "2020-01-01T00:00:00Z")
    assert code(verify(json.dumps(proven), didkit)) == "good"
    proven["credentialSubject"]["picos"] = 501
    assert code(verify(json.dumps(proven), didkit)) == "bad-proof"


def test_without_didkit_a_did_key_is_not_verified(didkit: Didkit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal says what is missing, and where there is one."""
    text = jwt(didkit)
    monkeypatch.setattr("engine.adapters.credentials.didkit_process.find_spec", lambda name: None)
    found = Verifier(Didkit()).verify(text, NOW_S)
    assert isinstance(found, Refused)
    assert (found.code, "3.11 and 3.12" in found.reason) == ("unavailable", True)
