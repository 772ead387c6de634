"""Credentials made and signed: for a did:key by didkit, for other DIDs of ours by `own_proofs`."""

from __future__ import annotations

from typing import Literal

from engine.adapters.credentials.didkit_process import Didkit, DidkitRefuses
from engine.adapters.credentials.documents import (
    BASE_TYPE,
    LARGEST,
    Credential,
    Document,
    from_document,
    is_type_name,
    is_uri,
    read_json,
    to_document,
)
from engine.adapters.credentials.keys import Signer, is_did_key
from engine.adapters.credentials.linked_data import check_linked_data
from engine.adapters.credentials.own_proofs import add_proof, write_token
from engine.adapters.credentials.refusals import CannotIssue, NotRelied
from engine.adapters.credentials.times import LATEST_S, to_date
from engine.adapters.credentials.tokens import to_claims
from engine.core.canonical_json import NotCanonical, to_canonical_json

Form = Literal["jwt", "linked-data"]


def issue(credential: Credential, signer: Signer, form: Form, didkit: Didkit) -> str:
    """As text. Raises `CannotIssue` for what nobody could read back, and `DidkitMissing`."""
    if credential.issuer != signer.did:
        raise CannotIssue(f"{signer.did} cannot sign what {credential.issuer} is to issue")
    check_credential(credential, form)
    document = to_document(credential)
    if is_did_key(signer.did):
        return _by_didkit(document, signer, form, didkit)
    if form == "jwt":
        return write_token(to_claims(credential), signer)
    return to_canonical_json(add_proof(document, signer, to_date(credential.valid_from_s))).decode()


def check_credential(credential: Credential, form: Form) -> None:
    """What is written has to come back the same, whoever signs it. Raises `CannotIssue`."""
    if credential.valid_until_s is not None and credential.valid_until_s <= credential.valid_from_s:
        raise CannotIssue("the credential would end before it begins")
    if not 0 <= credential.valid_from_s <= LATEST_S or (credential.valid_until_s or 0) > LATEST_S:
        raise CannotIssue("credentials are valid at some time from 1970 to 9999")
    if not is_uri(credential.subject):
        raise CannotIssue(f"the subject {credential.subject!r} is no DID, nor another absolute URI")
    if "id" in credential.claims:
        raise CannotIssue("a claim cannot be called id: that is the subject")
    if BASE_TYPE in credential.types:
        raise CannotIssue(f"{BASE_TYPE} is a type of every credential; name the others")
    for one in credential.types:
        if not is_type_name(one):
            raise CannotIssue(f"{one!r} is no name of a type; they are like FriendCredential")
    _read_back(credential, form)


def _read_back(credential: Credential, form: Form) -> None:
    document = to_document(credential)
    try:
        if form == "linked-data":
            check_linked_data(document)
        text = to_canonical_json(document)
        if len(text) > LARGEST // 2:
            raise CannotIssue(
                f"a credential has at most {LARGEST // 2:,} bytes, and this would have {len(text):,}"
            )
        from_document(read_json(text))
    except NotRelied as problem:
        raise CannotIssue(problem.refused.reason) from None
    except NotCanonical as problem:
        raise CannotIssue(f"the claims are not JSON that every reader understands: {problem}") from None


def _by_didkit(document: Document, signer: Signer, form: Form, didkit: Didkit) -> str:
    options = {"verificationMethod": signer.key_id, "proofPurpose": "assertionMethod"}
    options |= {"proofFormat": "jwt"} if form == "jwt" else {"type": "Ed25519Signature2018"}
    try:
        return didkit.issue_credential(document, options, signer.jwk)
    except DidkitRefuses as problem:
        raise CannotIssue(f"didkit cannot issue it: {problem}") from None
    except NotRelied as problem:
        raise CannotIssue(f"didkit could not issue it: {problem.refused.reason}") from None
