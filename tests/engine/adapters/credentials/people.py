"""Who issues and holds credentials in these tests, and one to begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from engine.adapters.credentials import (
    Credential,
    Didkit,
    Form,
    Place,
    Refused,
    Signer,
    Verified,
    Verifier,
    key_signer,
    to_list,
)
from engine.adapters.credentials import issue as issue_text

NOW_S = 1_767_225_600
"""The beginning of 2026. didkit holds JWTs against the machine's clock, so what is good begins before and
ends long after whatever that says."""
LONG_AGO_S = 1_577_836_800
FAR_OFF_S = 4_102_444_800
"""2020 and 2100."""

FORMS: tuple[Form, ...] = ("jwt", "linked-data")
ISSUER, HOLDER, STRANGER = (key_signer(bytes([number]) * 32) for number in (1, 2, 3))
OURS = Signer("did:scid:vh:1:QmdNtgbbvMaPMYfWqc4JDqi5M2M79cf6xQYbcZvzPxcyWf", "", b"\4" * 32)
OURS = Signer(OURS.did, f"{OURS.did}#key-1", OURS.seed)
LIST = "urn:uuid:6b1ba5c8-1b5c-4d3f-9a53-0d4e1a8d7a11"


def credential(**changes: Any) -> Credential:
    """One of an engine that may host picos, by `ISSUER`, about `HOLDER`."""
    said: dict[str, Any] = {
        "id": "urn:uuid:0c7b6a4e-5a52-4d0a-9f0e-1a2b3c4d5e6f",
        "issuer": ISSUER.did,
        "subject": HOLDER.did,
        "types": ("EngineCredential",),
        "claims": {"role": "host", "picos": 500, "limits": {"open": True}},
        "valid_from_s": LONG_AGO_S,
        "valid_until_s": FAR_OFF_S,
    }
    return Credential(**said | changes)


def listed(index: int = 7) -> dict[str, Any]:
    return {"place": Place(LIST, index)}


def document(signer: Signer, **changes: Any) -> dict[str, Any]:
    """With one key, for both purposes."""
    multikey = key_signer(signer.seed).did.removeprefix("did:key:")
    method = {
        "id": signer.key_id,
        "type": "Multikey",
        "controller": signer.did,
        "publicKeyMultibase": multikey,
    }
    whole = {"id": signer.did, "verificationMethod": [method]}
    whole |= {"assertionMethod": [signer.key_id], "authentication": [signer.key_id]}
    return whole | changes


def resolves(*documents: dict[str, Any]) -> Callable[[str], dict[str, Any] | None]:
    return {cast(str, one["id"]): one for one in documents}.get


def status_list(didkit: Didkit, *revoked: int, signer: Signer = ISSUER, **changes: Any) -> str:
    said: dict[str, Any] = {"name": LIST, "valid_from_s": LONG_AGO_S, "valid_until_s": FAR_OFF_S} | changes
    return issue_text(to_list(issuer=signer.did, revoked=revoked, **said), signer, "jwt", didkit)


def code(found: Verified | Refused | object) -> str:
    return found.code if isinstance(found, Refused) else "good"


def verify(text: str, didkit: Didkit, **more: Any) -> Verified | Refused:
    return Verifier(didkit).verify(text, NOW_S, **more)
