"""Presentations: only the subject can show a credential as its own, to one verifier, for one challenge."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.credentials import (
    CannotIssue,
    Didkit,
    Expected,
    Form,
    Presented,
    Refused,
    Signer,
    Verifier,
    present,
    verify_presentation,
)
from engine.adapters.credentials import issue as issue_text
from engine.adapters.credentials.documents import CREDENTIALS_V1
from engine.adapters.credentials.own_proofs import write_token
from tests.engine.adapters.credentials.people import (
    FORMS,
    HOLDER,
    ISSUER,
    NOW_S,
    OURS,
    STRANGER,
    code,
    credential,
    document,
    listed,
    resolves,
)

CHALLENGE, DOMAIN = "7f3a", "did:example:verifier"


def shown(didkit: Didkit, *texts: str, signer: Signer = HOLDER) -> str:
    return present(texts or (issued(didkit),), signer, CHALLENGE, DOMAIN, didkit)


def issued(didkit: Didkit, form: Form = "jwt", **changes: Any) -> str:
    return issue_text(credential(**changes), ISSUER, form, didkit)


def judge(
    didkit: Didkit, text: str, challenge: str = CHALLENGE, domain: str = DOMAIN, **more: Any
) -> Presented | Refused:
    verifier = Verifier(didkit, resolves(document(OURS)))
    return verify_presentation(text, challenge, domain, NOW_S, verifier, **more)


@pytest.mark.parametrize("form", FORMS)
def test_the_subject_shows_its_credential(didkit: Didkit, form: Form) -> None:
    """Verified with everything that is in it."""
    found = judge(didkit, shown(didkit, issued(didkit, form)))
    assert isinstance(found, Presented)
    assert (found.holder, [one.credential for one in found.credentials]) == (HOLDER.did, [credential()])


@pytest.mark.parametrize("form", FORMS)
def test_a_did_that_didkit_cannot_resolve_shows_one_too(didkit: Didkit, form: Form) -> None:
    """By the key that its document has for that."""
    text = shown(didkit, issued(didkit, form, subject=OURS.did), signer=OURS)
    assert code(judge(didkit, text)) == "good"
    silent = Verifier(didkit, resolves(document(OURS, authentication=[])))
    assert code(verify_presentation(text, CHALLENGE, DOMAIN, NOW_S, silent)) == "wrong-key"


def test_somebody_else_cannot_show_it(didkit: Didkit) -> None:
    """A credential that was copied proves nothing about who copied it."""
    assert code(judge(didkit, shown(didkit, signer=STRANGER))) == "wrong-subject"


def test_it_answers_one_challenge_of_one_verifier(didkit: Didkit) -> None:
    """So it can be shown neither again nor to anybody else."""
    text = shown(didkit)
    assert code(judge(didkit, text, challenge="8e2b")) == "wrong-challenge"
    assert code(judge(didkit, text, domain="did:example:other")) == "wrong-domain"


def test_each_credential_in_it_has_to_be_good(didkit: Didkit) -> None:
    """One that has expired, or could be revoked, spoils the rest."""
    fresh, old = issued(didkit), issued(didkit, "linked-data", valid_until_s=NOW_S)
    assert code(judge(didkit, shown(didkit, fresh, old))) == "expired"
    assert code(judge(didkit, shown(didkit, fresh, issued(didkit, **listed())))) == "status-unknown"


def test_what_is_expected_holds_for_each(didkit: Didkit) -> None:
    """Issuer and type, as without a presentation."""
    expected = Expected(issuers=frozenset({STRANGER.did}))
    assert code(judge(didkit, shown(didkit), expected=expected)) == "wrong-issuer"


@pytest.mark.parametrize("signer", [HOLDER, OURS])
def test_what_is_no_credential_is_not_presented(didkit: Didkit, signer: Signer) -> None:
    """It is told to the holder, and not found out by the verifier."""
    with pytest.raises(CannotIssue, match="cannot be made"):
        shown(didkit, "{broken", signer=signer)


def claims(didkit: Didkit, inner: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Of a good presentation, but for the changes to it and to what is in it."""
    presentation = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiablePresentation"],
        "holder": HOLDER.did,
        "verifiableCredential": [issued(didkit)],
    } | (inner or {})
    return {"iss": HOLDER.did, "aud": DOMAIN, "nonce": CHALLENGE, "vp": presentation} | changes


HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"nonce": None}, "wrong-challenge"),
    ({"aud": [DOMAIN]}, "wrong-domain"),
    ({"vp": None}, "malformed"),
    ({"vp": [1]}, "malformed"),
    ({"inner": {"verifiableCredential": []}}, "malformed"),
    ({"inner": {"verifiableCredential": "x"}}, "malformed"),
    ({"inner": {"verifiableCredential": ["x"] * 17}}, "malformed"),
    ({"inner": {"holder": STRANGER.did}}, "malformed"),
    ({"inner": {"refreshService": {}}}, "malformed"),
    ({"iss": "somebody", "inner": {"holder": "somebody"}}, "malformed"),
    ({"iss": STRANGER.did, "inner": {"holder": STRANGER.did}}, "wrong-key"),
    ({"iss": "did:web:x.example", "inner": {"holder": "did:web:x.example"}}, "unknown-issuer"),
    ({"scope": "all"}, "malformed"),
]


@pytest.mark.parametrize(("changes", "refusal"), HOSTILE)
def test_a_hostile_presentation_is_refused(didkit: Didkit, changes: dict[str, Any], refusal: str) -> None:
    """Signed by the holder, and refused for what it says."""
    assert code(judge(didkit, write_token(claims(didkit, **changes), HOLDER))) == refusal


@pytest.mark.parametrize("shown_one", [7, None, [], {}, "", "x.y"])
def test_what_is_shown_has_to_be_a_credential(didkit: Didkit, shown_one: object) -> None:
    """Refused, by didkit or here."""
    text = write_token(claims(didkit, {"verifiableCredential": [shown_one]}), HOLDER)
    assert code(judge(didkit, text)) != "good"


def test_a_presentation_is_read_from_other_writers(didkit: Didkit) -> None:
    """The claims that the hostile ones were made of, untouched; didkit checks the signature."""
    assert code(judge(didkit, write_token(claims(didkit), HOLDER))) == "good"


def test_a_presentation_signed_by_another_key_is_refused(didkit: Didkit) -> None:
    """Whatever key it names."""
    forger = Signer(HOLDER.did, HOLDER.key_id, STRANGER.seed)
    assert code(judge(didkit, write_token(claims(didkit), forger))) == "bad-proof"


def test_a_credential_is_no_presentation(didkit: Didkit) -> None:
    """Nor is anything too large to be one."""
    assert code(judge(didkit, issued(didkit))) == "wrong-challenge"
    assert code(judge(didkit, "x" * 300_000)) == "too-large"
