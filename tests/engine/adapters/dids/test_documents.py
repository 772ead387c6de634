"""Documents in one shape, whatever shape they came in."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.dids import DidRefused, Endpoint, didcomm_endpoints, key_of, normalise
from engine.adapters.dids.documents import rename
from engine.adapters.dids.limits import KEYS
from engine.core.multiformats import from_base58, to_base64url, to_multibase
from tests.engine.adapters.dids.people import X25519, signer

DID = "did:example:alice"
METHOD = {"id": "#a", "type": "Multikey", "publicKeyMultibase": X25519}


def document(**members: Any) -> dict[str, Any]:
    return {"id": DID, **members}


def test_ids_become_absolute() -> None:
    """Of keys, of references to them, and of services."""
    given = document(verificationMethod=[METHOD], keyAgreement=["#a"], service=[{"id": "#s", "type": "x"}])
    normal = normalise(DID, given)
    assert normal["verificationMethod"] == [{**METHOD, "id": f"{DID}#a", "controller": DID}]
    assert normal["keyAgreement"] == [f"{DID}#a"]
    assert normal["service"][0]["id"] == f"{DID}#s"
    assert given["keyAgreement"] == ["#a"]


def test_a_method_inside_of_a_relationship_joins_the_others() -> None:
    """And is referred to."""
    normal = normalise(DID, document(authentication=[METHOD], keyAgreement=[f"{DID}#b"]))
    assert [one["id"] for one in normal["verificationMethod"]] == [f"{DID}#a"]
    assert normal["authentication"] == [f"{DID}#a"]
    assert normal["keyAgreement"] == [f"{DID}#b"]


def test_a_single_entry_needs_no_list() -> None:
    """JSON-LD writes it so."""
    normal = normalise(DID, document(verificationMethod=METHOD, authentication="#a"))
    assert normal["authentication"] == [f"{DID}#a"]
    assert len(normal["verificationMethod"]) == 1


def test_other_members_stay() -> None:
    """They may mean something to somebody."""
    assert normalise(DID, document(alsoKnownAs=["x"], more={"a": 1}))["more"] == {"a": 1}


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"id": "did:example:bob"}, "wrong-document"),
        ({"id": None}, "wrong-document"),
        ({"id": f"{DID}#a"}, "wrong-document"),
        ({"verificationMethod": [1]}, "bad-document"),
        ({"verificationMethod": 1}, "bad-document"),
        ({"verificationMethod": [{"type": "Multikey"}]}, "bad-document"),
        ({"verificationMethod": [{"id": 7}]}, "bad-document"),
        ({"verificationMethod": [{"id": ""}]}, "bad-document"),
        ({"verificationMethod": [{"id": "#" + "a" * 9999}]}, "bad-document"),
        ({"verificationMethod": [METHOD, {**METHOD, "type": "x"}]}, "bad-document"),
        ({"authentication": {"#a": 1}, "keyAgreement": [None]}, "bad-document"),
        ({"authentication": None}, "bad-document"),
        ({"service": ["#s"]}, "bad-document"),
        ({"service": [{"id": []}]}, "bad-document"),
        ({"authentication": ["#a"] * (KEYS + 1)}, "too-large"),
        ({"service": [{}] * 100}, "too-large"),
        (
            {
                "authentication": [{**METHOD, "id": f"#a{n}"} for n in range(40)],
                "assertionMethod": [{**METHOD, "id": f"#b{n}"} for n in range(40)],
            },
            "too-large",
        ),
    ],
)
def test_what_is_no_document_is_refused(members: dict[str, Any], problem: str) -> None:
    """By name."""
    with pytest.raises(DidRefused) as caught:
        normalise(DID, document(**members))
    assert caught.value.problem == problem


def test_endpoints_are_read_in_the_forms_of_all_versions() -> None:
    """DIDComm v2.1 has an object, or a list of them; v2.0 had a URI with the rest beside it."""
    today = {"uri": "https://a.example", "accept": ["didcomm/v2"], "routingKeys": ["did:example:m#1"]}
    services = [
        {"type": "DIDCommMessaging", "serviceEndpoint": [today, {"uri": "wss://b.example"}]},
        {
            "type": "DIDCommMessaging",
            "serviceEndpoint": "https://c.example",
            "routingKeys": ["did:example:m#2"],
        },
        {"type": ["Other", "DIDCommMessaging"], "serviceEndpoint": {"uri": "did:example:mediator"}},
        {"type": "did-communication", "serviceEndpoint": "https://one.example"},
        {
            "type": "DIDCommMessaging",
            "serviceEndpoint": {"uri": "https://d.example", "accept": ["didcomm/v3"]},
        },
        {"type": "DIDCommMessaging", "serviceEndpoint": {"url": 1}},
        {"type": "DIDCommMessaging"},
    ]
    assert didcomm_endpoints(document(service=services)) == (
        Endpoint("https://a.example", ("didcomm/v2",), ("did:example:m#1",)),
        Endpoint("wss://b.example"),
        Endpoint("https://c.example", (), ("did:example:m#2",)),
        Endpoint("did:example:mediator"),
    )


def test_a_document_under_another_name_knows_both() -> None:
    """But a name that only begins alike is another's."""
    given = document(
        alsoKnownAs=["did:example:name"],
        authentication=[f"{DID}#a", f"{DID}2#a"],
        service=[{"id": f"{DID}#s", "serviceEndpoint": {"uri": f"{DID}?x"}}],
    )
    renamed = rename(given, DID, "did:example:name")
    assert renamed["id"] == "did:example:name"
    assert renamed["alsoKnownAs"] == [DID]
    assert renamed["authentication"] == ["did:example:name#a", f"{DID}2#a"]
    assert renamed["service"][0]["serviceEndpoint"] == {"uri": "did:example:name?x"}


def test_keys_are_read_in_the_forms_of_all_versions() -> None:
    """Multikey, JWK, and base58 of the suites of 2018 and 2019."""
    bare = key_of(METHOD).data
    forms: list[dict[str, Any]] = [
        {"type": "X25519KeyAgreementKey2019", "publicKeyMultibase": to_multibase("z", bare)},
        {"type": "X25519KeyAgreementKey2020", "publicKeyMultibase": X25519},
        {"type": "JsonWebKey2020", "publicKeyJwk": {"kty": "OKP", "crv": "X25519", "x": to_base64url(bare)}},
        {
            "type": "X25519KeyAgreementKey2019",
            "publicKeyBase58": "JhNWeSVLMYccCk7iopQW4guaSJTojqpMEELgSLhKwRr",
        },
    ]
    assert bare == from_base58("JhNWeSVLMYccCk7iopQW4guaSJTojqpMEELgSLhKwRr")
    assert {key_of(form).data for form in forms} == {bare}
    assert key_of({"type": "Multikey", "publicKeyMultibase": signer(1).multikey}).curve == "Ed25519"


@pytest.mark.parametrize(
    "method",
    [
        {},
        {"publicKeyMultibase": 1},
        {"publicKeyMultibase": "m" + "A" * 40},
        {"publicKeyMultibase": "z0"},
        {"publicKeyMultibase": "z" + "1" * 500},
        {"publicKeyMultibase": "zQmNope"},
        {"publicKeyJwk": "x"},
        {"publicKeyJwk": {"kty": "RSA", "n": "AQ", "e": "AQ"}},
        {"publicKeyJwk": {"kty": "OKP", "crv": "P-256", "x": "AQ"}},
        {"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": "AQ=="}},
        {"publicKeyJwk": {"kty": "OKP", "crv": ["Ed25519"], "x": "AQ"}},
        {"publicKeyJwk": {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}},
        {"publicKeyJwk": {"kty": "EC", "crv": "P-256", "x": "AQ"}},
        {"type": "Unknown", "publicKeyBase58": "JhNWeSVLMYccCk7iopQW4guaSJTojqpMEELgSLhKwRr"},
        {"type": "Ed25519VerificationKey2018", "publicKeyBase58": "0"},
    ],
)
def test_what_is_no_key_is_refused(method: dict[str, Any]) -> None:
    """By name."""
    with pytest.raises(DidRefused, match="bad-key"):
        key_of(method)
