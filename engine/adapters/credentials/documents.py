"""What a credential says, and the JSON it is said in: the W3C's Verifiable Credentials Data Model 1.1.

Only what is understood here is read: a member that could change the meaning of the rest is refused rather
than skipped. Nothing is proven by reading; that is `verifying`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.credentials.refusals import NotRelied
from engine.adapters.credentials.times import from_date, to_date
from engine.core.didcomm.limits import Limits
from engine.core.didcomm.refused import Refused as NotJson
from engine.core.didcomm.strict_json import read_object

CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"
"""didkit knows no context of version 2."""
VOCABULARY = {"@vocab": "urn:picomesh:credential:"}
"""Gives every claim and type a name of its own in linked data."""
CONTEXTS = (CREDENTIALS_V1, VOCABULARY)
BASE_TYPE = "VerifiableCredential"
STATUS_TYPE = "BitstringStatusListEntry"
REVOCATION = "revocation"

LARGEST = 1 << 16
"""Bytes of a credential; those that people write have a thousand."""
LIMITS = Limits(json_depth=16, json_containers=1000)
"""didkit overflows its stack at some hundred objects inside each other."""
MOST_TYPES = 16

_MEMBERS = {"@context", "id", "type", "issuer", "issuanceDate", "expirationDate"} | {
    "credentialStatus",
    "credentialSubject",
}
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!#-;=?-\[\]_a-z~]{1,2000}", re.ASCII)
_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a status list says whether a credential is revoked."""

    list: str
    index: int


@dataclass(frozen=True, slots=True)
class Credential:
    """`types` are those besides `VerifiableCredential`; claims are about the subject."""

    id: str
    issuer: str
    subject: str
    types: tuple[str, ...]
    claims: Document
    valid_from_s: int
    valid_until_s: int | None = None
    place: Place | None = None


def is_uri(text: object) -> bool:
    """An absolute one. A relative one names nothing here, and linked data drops what it is said about."""
    return isinstance(text, str) and _URI.fullmatch(text) is not None


def is_type_name(text: object) -> bool:
    return isinstance(text, str) and _TYPE_NAME.fullmatch(text) is not None


def read_json(data: bytes) -> dict[str, Any]:
    try:
        return read_object(data, LIMITS)
    except NotJson as problem:
        too_large = problem.code == "e.p.me.res.storage"
        raise NotRelied("too-large" if too_large else "malformed", problem.reason) from None


# --- written ---------------------------------------------------------------------------------------


def to_document(credential: Credential) -> dict[str, Any]:
    document = {
        "@context": list(CONTEXTS),
        "id": credential.id,
        "type": [BASE_TYPE, *credential.types],
        "issuer": credential.issuer,
        "issuanceDate": to_date(credential.valid_from_s),
        "credentialSubject": {"id": credential.subject, **credential.claims},
    }
    if credential.valid_until_s is not None:
        document["expirationDate"] = to_date(credential.valid_until_s)
    if credential.place is not None:
        document["credentialStatus"] = _to_status(credential.place)
    return document


def _to_status(place: Place) -> dict[str, str]:
    return {
        "id": f"{place.list}#{place.index}",
        "type": STATUS_TYPE,
        "statusPurpose": REVOCATION,
        "statusListIndex": str(place.index),
        "statusListCredential": place.list,
    }


# --- read ------------------------------------------------------------------------------------------


def from_document(document: Document) -> Credential:
    """Without its proof."""
    strange = sorted(document.keys() - _MEMBERS)
    if strange:
        raise NotRelied(
            "unsupported", f"a credential with {', '.join(strange)[:100]}, which is not read here"
        )
    subject = _read_subject(document.get("credentialSubject"))
    return Credential(
        id=_read_uri(document, "id"),
        issuer=_read_uri(document, "issuer"),
        subject=_read_uri(subject, "id"),
        types=_read_types(document.get("type")),
        claims={name: value for name, value in subject.items() if name != "id"},
        valid_from_s=from_date(document.get("issuanceDate")),
        valid_until_s=from_date(document["expirationDate"]) if "expirationDate" in document else None,
        place=_read_status(document["credentialStatus"]) if "credentialStatus" in document else None,
    )


def _read_subject(subject: object) -> Document:
    if not isinstance(subject, dict):
        raise NotRelied("unsupported", "a credential about several subjects, or none")
    return subject


def _read_uri(document: Document, name: str) -> str:
    text = document.get(name)
    if not is_uri(text):
        raise NotRelied("malformed", f"the {name} is no absolute URI")
    return str(text)


def _read_types(types: object) -> tuple[str, ...]:
    if not isinstance(types, Sequence) or isinstance(types, str) or len(types) > MOST_TYPES:
        raise NotRelied("malformed", "the types of a credential are a list of a few names")
    if not all(map(is_type_name, types)) or len(set(types)) < len(types) or BASE_TYPE not in types:
        raise NotRelied("malformed", f"the types are different names, and {BASE_TYPE} is one of them")
    return tuple(one for one in types if one != BASE_TYPE)


def _read_status(status: object) -> Place:
    """Exactly what is written, so that nothing in it is open to two readings."""
    if not isinstance(status, dict):
        raise NotRelied("unsupported", "a credential with several statuses")
    if (status.get("type"), status.get("statusPurpose")) != (STATUS_TYPE, REVOCATION):
        raise NotRelied("unsupported", f"a status that is no {STATUS_TYPE} about {REVOCATION}")
    index = str(status.get("statusListIndex"))
    if not _INDEX.fullmatch(index):
        raise NotRelied("malformed", "the index into the status list is no number")
    place = Place(_read_uri(status, "statusListCredential"), int(index))
    # The id names the entry and decides nothing; some leave it out.
    if not is_uri(status.get("id", place.list)) or {**status, "id": ""} != {**_to_status(place), "id": ""}:
        raise NotRelied("unsupported", "a status with more in it than is read here")
    return place
