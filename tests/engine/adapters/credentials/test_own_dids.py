"""Credentials by DIDs that didkit cannot resolve: with a document handed in, and without didkit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.adapters.credentials import Didkit, Form, Verified, Verifier
from engine.adapters.credentials import issue as issue_text
from engine.adapters.credentials.didkit_process import DidkitRefuses
from engine.adapters.credentials.own_proofs import write_token
from engine.adapters.credentials.tokens import to_claims
from tests.engine.adapters.credentials.people import (
    FORMS,
    ISSUER,
    NOW_S,
    OURS,
    STRANGER,
    code,
    credential,
    document,
    resolves,
    verify,
)

UNUSED = Didkit()
"""Starts no process unless it is called."""


def issued(form: Form) -> str:
    return issue_text(credential(issuer=OURS.did), OURS, form, UNUSED)


def judge(text: str, *documents: dict[str, Any]) -> str:
    return code(Verifier(UNUSED, resolves(*documents)).verify(text, NOW_S))


def test_didkit_cannot_issue_for_them(didkit: Didkit) -> None:
    """It looks for the issuer's document by itself: why there are proofs of our own."""
    options = {"verificationMethod": OURS.key_id}
    with pytest.raises(DidkitRefuses, match="methodNotSupported"):
        didkit.issue_credential(to_claims(credential(issuer=OURS.did))["vc"], options, OURS.jwk)


@pytest.mark.parametrize("form", FORMS)
def test_with_its_document_one_is_good(form: Form) -> None:
    """The issuer is the lifelong DID, not the key that it has at the moment."""
    found = Verifier(UNUSED, resolves(document(OURS))).verify(issued(form), NOW_S)
    assert found == Verified(credential(issuer=OURS.did), form, "none")


METHODS = document(OURS)["verificationMethod"]
MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "of somebody else": (document(OURS, id="did:scid:vh:1:Other"), "unknown-issuer"),
    "without the key for statements": (document(OURS, assertionMethod=[]), "wrong-key"),
    "with nonsense for a list": (document(OURS, assertionMethod="all"), "wrong-key"),
    "with another key": (document(OURS, assertionMethod=[f"{OURS.did}#key-2"]), "wrong-key"),
    "with the key for something else": (
        document(
            OURS,
            verificationMethod=[*METHODS, {**METHODS[0], "id": f"{OURS.did}#key-2"}],
            assertionMethod=[f"{OURS.did}#key-2"],
        ),
        "wrong-key",
    ),
    "with its key exchanged": (
        document(OURS, verificationMethod=[{"id": OURS.key_id, "publicKeyMultibase": STRANGER.did[8:]}]),
        "bad-proof",
    ),
    "with a key of another kind": (
        document(
            OURS,
            verificationMethod=[
                {"id": OURS.key_id, "publicKeyMultibase": "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"}
            ],
        ),
        "unsupported",
    ),
    "with a relative key": (
        document(
            OURS, verificationMethod=[{"id": "#key-1", "publicKeyJwk": OURS.jwk}], assertionMethod=["#key-1"]
        ),
        "good",
    ),
    "with the key embedded": (document(OURS, assertionMethod=document(OURS)["verificationMethod"]), "good"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MISFITS)
def test_the_document_decides_whose_key_may_sign(form: Form, name: str) -> None:
    """As it is now: a key that was rotated away signs nothing any more."""
    misfit, refusal = MISFITS[name]
    assert code(Verifier(UNUSED, lambda did: misfit).verify(issued(form), NOW_S)) == refusal


@pytest.mark.parametrize("form", FORMS)
def test_without_its_document_it_is_refused(form: Form) -> None:
    """Nothing is looked up."""
    assert judge(issued(form)) == "unknown-issuer"


TOUCHED: list[tuple[dict[str, Any], str]] = [
    ({"proofPurpose": "authentication"}, "wrong-purpose"),
    ({"created": "2020-01-01T00:00:01Z"}, "bad-proof"),
    ({"created": "soon"}, "malformed"),
    ({"proofValue": "z" + "1" * 5000}, "malformed"),
    ({"proofValue": "z0"}, "malformed"),
    ({"proofValue": 7}, "malformed"),
    ({"nonce": "x"}, "unsupported"),
    ({"@context": []}, "unsupported"),
    ({"cryptosuite": "eddsa-rdfc-2022"}, "unsupported"),
    ({"verificationMethod": None}, "malformed"),
    ({"verificationMethod": STRANGER.key_id}, "wrong-key"),
]


@pytest.mark.parametrize(("touch", "refusal"), TOUCHED)
def test_a_touched_proof_is_refused(touch: dict[str, Any], refusal: str) -> None:
    """Every member of it is signed, or may not be there."""
    whole = json.loads(issued("linked-data"))
    whole["proof"] |= touch
    assert judge(json.dumps(whole), document(OURS)) == refusal


def test_our_jwt_is_one_that_didkit_reads(didkit: Didkit) -> None:
    """The same code signs for a did:key, so that somebody else's reader can be asked."""
    token = write_token(to_claims(credential()), ISSUER)
    didkit.verify_credential(token, {"proofFormat": "jwt"})
    assert code(verify(token, didkit)) == "good"


def test_our_linked_data_proof_is_one_that_others_read() -> None:
    """An independent implementation of the same cryptosuite verifies it, and refuses a touched one."""
    proofs = pytest.importorskip("did_webvh.core.proof")
    whole = json.loads(issued("linked-data"))
    proof, method = whole.pop("proof"), document(OURS)["verificationMethod"][0]
    proofs.di_jcs_verify(whole, proof, method)
    whole["credentialSubject"]["picos"] = 501
    with pytest.raises(Exception, match=r"[Ss]ignature"):
        proofs.di_jcs_verify(whole, proof, method)
