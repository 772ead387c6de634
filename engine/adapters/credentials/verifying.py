"""Whether a credential is to be relied on: form, who and what, dates, proof, status, in this order.

The proof of a did:key is checked by didkit and that of any other DID by `own_proofs`. Everything else is
checked here, because didkit reports no error for a linked-data credential that has expired.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.adapters.credentials.didkit_process import Didkit, DidkitRefuses
from engine.adapters.credentials.documents import LARGEST, Credential, Document, from_document, read_json
from engine.adapters.credentials.issuing import Form
from engine.adapters.credentials.keys import Documents, Purpose, document_of_key, is_did_key, key_id_of
from engine.adapters.credentials.linked_data import check_linked_data
from engine.adapters.credentials.own_proofs import SUITE, check_proof, check_token
from engine.adapters.credentials.refusals import DidkitMissing, NotRelied, Refused
from engine.adapters.credentials.status_lists import check_list
from engine.adapters.credentials.times import from_date, to_date
from engine.adapters.credentials.tokens import Token, from_claims, read_token
from engine.core.did_keys import NotADidKey, read_did_key

StatusLists = Callable[[str], str | None]
"""The text of the status list with this URI, or None. What may be fetched, and from where, it decides."""
Status = Literal["good", "none"]
"""On the issuer's list and not revoked; or the issuer keeps no list for it."""
_DIDKIT_PROOF = {"type", "proofPurpose", "verificationMethod", "created", "jws"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the caller would accept; None and nothing mean anything."""

    subject: str | None = None
    issuers: frozenset[str] | None = None
    types: frozenset[str] = frozenset()


ANYTHING = Expected()


@dataclass(frozen=True, slots=True)
class Verified:
    """What may be relied on, as far as the issuer is: whom to trust is for the caller."""

    credential: Credential
    form: Form
    status: Status
    listed_s: int | None = None
    """From when the status list is that says so: what was revoked later is not known."""

    @property
    def subject(self) -> str:
        return self.credential.subject

    @property
    def issuer(self) -> str:
        return self.credential.issuer

    @property
    def types(self) -> tuple[str, ...]:
        return self.credential.types

    @property
    def claims(self) -> Document:
        return self.credential.claims

    @property
    def valid_from_s(self) -> int:
        return self.credential.valid_from_s

    @property
    def valid_until_s(self) -> int | None:
        return self.credential.valid_until_s


def nothing_at_hand(_: str) -> None:
    """No documents, or no status lists."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """`documents` are asked for DIDs other than did:key, which carry theirs in their name."""

    didkit: Didkit
    documents: Documents = nothing_at_hand
    status_lists: StatusLists = nothing_at_hand

    def verify(self, text: str, now_s: int, expected: Expected = ANYTHING) -> Verified | Refused:
        """didkit holds the dates of a JWT against the machine's clock as well."""
        try:
            return self.rely_on(text, now_s, expected)
        except NotRelied as problem:
            return problem.refused
        except DidkitMissing as problem:
            return Refused("unavailable", str(problem))

    def rely_on(self, text: str, now_s: int, expected: Expected = ANYTHING) -> Verified:
        """As `verify`, for other modules of this package: raises instead."""
        credential, form = self._check_alone(text, now_s, expected)
        listed_s = self._check_status(credential, now_s)
        return Verified(credential, form, "none" if listed_s is None else "good", listed_s)

    def _check_alone(self, text: str, now_s: int, expected: Expected) -> tuple[Credential, Form]:
        """Everything that needs nothing but the text and the issuer's keys."""
        if len(text) > LARGEST:
            raise NotRelied("too-large", f"a credential has at most {LARGEST:,} characters")
        text = text.strip()
        if text.startswith("{"):
            return self._check_linked_data(text, now_s, expected), "linked-data"
        token = read_token(text)
        credential = from_claims(token.payload)
        _check_said(credential, now_s, expected)
        self.check_signed(text, token, credential.issuer, "assertionMethod")
        return credential, "jwt"

    def _check_linked_data(self, text: str, now_s: int, expected: Expected) -> Credential:
        document = read_json(text.encode("utf-8", "surrogatepass"))
        proof = document.pop("proof", None)
        check_linked_data(document)
        credential = from_document(document)
        _check_said(credential, now_s, expected)
        _check_purpose(proof)
        if SUITE.items() <= proof.items():
            check_proof(document, proof, credential.issuer, self._keys_of)
        else:
            self._ask_didkit(document, proof, credential.issuer)
        return credential

    def _keys_of(self, did: str) -> Document | None:
        return document_of_key(did) if is_did_key(did) else self.documents(did)

    def _ask_didkit(self, document: Document, proof: Document, issuer: str) -> None:
        if proof.keys() != _DIDKIT_PROOF or proof["type"] != "Ed25519Signature2018":
            raise NotRelied(
                "unsupported", f"a proof that is neither Ed25519Signature2018 nor {SUITE['cryptosuite']}"
            )
        check_did_key(issuer, str(proof["verificationMethod"]))
        try:
            whole = {**document, "proof": proof}
            self.didkit.verify_credential(to_text(whole), {"proofPurpose": "assertionMethod"})
        except DidkitRefuses as problem:
            raise NotRelied("bad-proof", f"the proof is not good: {problem}") from None

    def check_signed(self, text: str, token: Token, did: str, purpose: Purpose) -> None:
        """A JWT with a credential, by whoever issues it."""
        if not is_did_key(did):
            check_token(token, did, purpose, self.documents)
            return
        check_did_key(did, token.key_id)
        try:
            self.didkit.verify_credential(text, {"proofFormat": "jwt", "proofPurpose": purpose})
        except DidkitRefuses as problem:
            raise NotRelied("bad-proof", f"the signature is not good: {problem}") from None

    def _check_status(self, credential: Credential, now_s: int) -> int | None:
        """From when the list is that it is not revoked on; None where there is none."""
        place = credential.place
        if place is None:
            return None
        text = self.status_lists(place.list)
        if text is None:
            raise NotRelied("status-unknown", f"its status list {place.list[:100]} is not at hand")
        try:
            found, _ = self._check_alone(text, now_s, ANYTHING)
        except NotRelied as problem:
            reason = f"its status list is not to be relied on: {problem.refused.reason}"
            raise NotRelied("status-unknown", reason) from None
        check_list(found, place.list, credential.issuer, place.index)
        return found.valid_from_s


def _check_said(credential: Credential, now_s: int, expected: Expected) -> None:
    """What needs no key: whether it is the credential that is wanted, and at this time."""
    if expected.issuers is not None and credential.issuer not in expected.issuers:
        raise NotRelied("wrong-issuer", f"it is issued by {credential.issuer[:100]}, who was not expected")
    if expected.subject is not None and credential.subject != expected.subject:
        raise NotRelied(
            "wrong-subject", f"it is about {credential.subject[:100]}, not {expected.subject[:100]}"
        )
    missing = sorted(expected.types - set(credential.types))
    if missing:
        raise NotRelied("wrong-type", f"it is no {missing[0]}")
    if now_s < credential.valid_from_s:
        raise NotRelied("not-yet-valid", f"it is valid from {to_date(credential.valid_from_s)}")
    if credential.valid_until_s is not None and now_s >= credential.valid_until_s:
        raise NotRelied("expired", f"it was valid until {to_date(credential.valid_until_s)}")


def _check_purpose(proof: object) -> None:
    if not isinstance(proof, dict):
        raise NotRelied("unsupported", "a credential with several proofs, or none")
    if proof.get("proofPurpose") != "assertionMethod":
        raise NotRelied("wrong-purpose", "the proof was made for another purpose than to state something")
    if not isinstance(proof.get("verificationMethod"), str):
        raise NotRelied("malformed", "a proof that does not say by which key it is")
    from_date(proof.get("created"))


def check_did_key(did: str, key_id: str) -> None:
    """Before didkit sees it, which resolves other DIDs over the network."""
    try:
        read_did_key(did)
    except NotADidKey:
        raise NotRelied("unsupported", "an issuer whose did:key is of another kind than Ed25519") from None
    if key_id != key_id_of(did):
        raise NotRelied("wrong-key", f"{key_id[:200]} is not the key of {did}")


def to_text(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False)
