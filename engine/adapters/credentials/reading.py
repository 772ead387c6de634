"""What a credential says of itself, for people who look through theirs. Nothing of it is proven."""

from __future__ import annotations

from engine.adapters.credentials.documents import LARGEST, Credential, from_document, read_json
from engine.adapters.credentials.refusals import NotRelied, Refused
from engine.adapters.credentials.tokens import from_claims, read_token


def read_unproven(text: str) -> Credential | Refused:
    if len(text) > LARGEST:
        return Refused("too-large", f"a credential has at most {LARGEST:,} characters")
    try:
        return _read(text.strip())
    except NotRelied as problem:
        return problem.refused


def _read(text: str) -> Credential:
    if not text.startswith("{"):
        return from_claims(read_token(text).payload)
    document = read_json(text.encode("utf-8", "surrogatepass"))
    document.pop("proof", None)
    return from_document(document)
