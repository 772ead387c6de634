"""JSON Web Tokens that hold a credential (Data Model 1.1, section 6.3.1): taken apart and put together.

The token's own claims repeat members of the credential; where they differ it is refused. Signatures are
checked elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters.credentials.documents import Credential, Document, from_document, read_json, to_document
from engine.adapters.credentials.refusals import NotRelied
from engine.adapters.credentials.times import from_numeric_date, to_date
from engine.core.multiformats import NotEncoded, from_base64url

_HEADER = {"alg", "kid", "typ"}
_CREDENTIAL_CLAIMS = {"iss", "sub", "jti", "nbf", "exp", "iat", "vc"}
MOST_CONTEXTS = 16


@dataclass(frozen=True, slots=True)
class Token:
    """`signed` is what `signature` is over."""

    key_id: str
    payload: Document
    signed: bytes
    signature: bytes


def read_token(text: str) -> Token:
    parts = text.split(".")
    if len(parts) != 3:
        raise NotRelied("malformed", "neither JSON nor a JWT")
    header, payload, signature = map(_decode, parts)
    return Token(
        _read_header(read_json(header)), read_json(payload), text.rpartition(".")[0].encode(), signature
    )


def _decode(part: str) -> bytes:
    try:
        return from_base64url(part)
    except NotEncoded as problem:
        raise NotRelied("malformed", f"not a JWT: {problem}") from None


def _read_header(header: Document) -> str:
    """A header that names a key in another way, or wants something understood, is refused."""
    if header.get("alg") != "EdDSA":
        raise NotRelied("unsupported", f"a JWT signed with {str(header.get('alg'))[:20]}; EdDSA is read")
    if not header.keys() <= _HEADER or header.get("typ", "JWT") != "JWT":
        raise NotRelied("unsupported", "a JWT with a header that is not read here")
    if not isinstance(header.get("kid"), str):
        raise NotRelied("malformed", "a JWT that does not say by which key it is signed")
    return str(header["kid"])


def from_claims(payload: Document) -> Credential:
    """The credential in a token."""
    strange = payload.keys() - _CREDENTIAL_CLAIMS
    inner = payload.get("vc")
    if strange or not isinstance(inner, Mapping):
        raise NotRelied("unsupported", "a JWT with other claims than a credential has")
    _check_contexts(inner.get("@context"))
    credential = from_document(_complete(payload, inner))
    _check_agreement(payload, credential)
    return credential


def _check_contexts(contexts: object) -> None:
    """They are not processed: what is signed is the text. A bound, since they are a stranger's."""
    if not isinstance(contexts, list) or not 0 < len(contexts) <= MOST_CONTEXTS:
        raise NotRelied("malformed", "a credential has a list of contexts")


def _complete(payload: Document, inner: Document) -> dict[str, Any]:
    """Members that only the token's own claims say; some write them only there."""
    document = {
        name: payload[claim] for claim, name in (("jti", "id"), ("iss", "issuer")) if claim in payload
    }
    for claim, name in (("nbf", "issuanceDate"), ("exp", "expirationDate")):
        if claim in payload:
            document[name] = to_date(from_numeric_date(payload[claim]))
    document.update(inner)
    subject = document.get("credentialSubject")
    if "sub" in payload and isinstance(subject, dict):
        document["credentialSubject"] = {"id": payload["sub"], **subject}
    return document


def _check_agreement(payload: Document, credential: Credential) -> None:
    said = {"jti": credential.id, "iss": credential.issuer, "sub": credential.subject}
    dates = {"nbf": credential.valid_from_s, "exp": credential.valid_until_s}
    agrees = all(payload.get(name, value) == value for name, value in said.items())
    if not agrees or any(
        name in payload and from_numeric_date(payload[name]) != value for name, value in dates.items()
    ):
        raise NotRelied("malformed", "the JWT and the credential in it contradict each other")
    if "iss" not in payload:
        raise NotRelied("malformed", "a JWT that does not say who issues it")


def to_claims(credential: Credential) -> dict[str, Any]:
    """As didkit writes them."""
    payload: dict[str, Any] = {
        "iss": credential.issuer,
        "nbf": credential.valid_from_s,
        "jti": credential.id,
        "sub": credential.subject,
        "vc": to_document(credential),
    }
    if credential.valid_until_s is not None:
        payload["exp"] = credential.valid_until_s
    return payload
