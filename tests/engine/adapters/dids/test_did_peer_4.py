"""did:peer:4, beside the package `did-peer-4`."""

from __future__ import annotations

import copy
from typing import Any

import did_peer_4
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.dids import (
    DidRefused,
    DidResolver,
    make_did_peer_4,
    resolve_long_form,
    resolve_short_form,
    short_form,
)
from engine.adapters.dids.documents import RELATIONSHIPS
from tests.campaign import examples
from tests.engine.adapters.dids.people import X25519, signer

DOCUMENT: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/security/suites/x25519-2020/v1",
        "https://w3id.org/security/suites/ed25519-2020/v1",
    ],
    "verificationMethod": [
        {
            "id": "#6LSqPZfn",
            "type": "X25519KeyAgreementKey2020",
            "publicKeyMultibase": "z6LSqPZfn9krvgXma2icTMKf2uVcYhKXsudCmPoUzqGYW24U",
        },
        {
            "id": "#6MkrCD1c",
            "type": "Ed25519VerificationKey2020",
            "publicKeyMultibase": "z6MkrCD1csqtgdj8sjrsu8jxcbeyP6m7LiK87NzhfWqio5yr",
        },
    ],
    "authentication": ["#6MkrCD1c"],
    "assertionMethod": ["#6MkrCD1c"],
    "keyAgreement": ["#6LSqPZfn"],
    "capabilityInvocation": ["#6MkrCD1c"],
    "capabilityDelegation": ["#6MkrCD1c"],
    "service": [
        {
            "id": "#didcommmessaging-0",
            "type": "DIDCommMessaging",
            "serviceEndpoint": {
                "uri": "didcomm:transport/queue",
                "accept": ["didcomm/v2"],
                "routingKeys": [],
            },
        }
    ],
}
SPECIFIED = "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd"
"""What the Peer DID specification calls it ("Creating a DID")."""


def test_the_example_of_the_specification_is_made() -> None:
    """The name is the hash of all of it."""
    assert short_form(make_did_peer_4(DOCUMENT)) == SPECIFIED


def test_both_forms_know_each_other() -> None:
    """Keys belong to whoever the document is of."""
    long = make_did_peer_4(DOCUMENT)
    read, short = resolve_long_form(long), resolve_short_form(long)
    assert (read["id"], read["alsoKnownAs"]) == (long, [SPECIFIED])
    assert (short["id"], short["alsoKnownAs"]) == (SPECIFIED, [long])
    assert {one["controller"] for one in short["verificationMethod"]} == {SPECIFIED}


IDS = st.from_regex(r"#[a-z0-9-]{1,8}", fullmatch=True)
METHODS = st.builds(
    lambda key_id, multikey, more: {"id": key_id, "type": "Multikey", "publicKeyMultibase": multikey, **more},
    IDS,
    st.sampled_from([X25519, signer(1).multikey]),
    st.dictionaries(st.just("controller"), st.just("did:example:other"), max_size=1),
)
SERVICES = st.builds(
    lambda service_id, kind, endpoint: {"id": service_id, "type": kind, "serviceEndpoint": endpoint},
    IDS,
    st.text(max_size=8),
    st.text(max_size=20) | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
DOCUMENTS = st.builds(
    lambda methods, services, uses, also: {
        "verificationMethod": methods,
        "service": services,
        **uses,
        **({"alsoKnownAs": also} if also else {}),
    },
    st.lists(METHODS, max_size=3),
    st.lists(SERVICES, max_size=2),
    st.dictionaries(st.sampled_from(RELATIONSHIPS), st.lists(IDS | METHODS, max_size=3)),
    st.lists(st.text(max_size=9), max_size=2),
)


@settings(max_examples=examples(150), deadline=None)
@given(DOCUMENTS)
def test_the_package_makes_and_reads_the_same(document: dict[str, Any]) -> None:
    """`did-peer-4`, byte for byte in both directions and both forms."""
    long = make_did_peer_4(copy.deepcopy(document))
    assert did_peer_4.encode(copy.deepcopy(document)) == long
    assert did_peer_4.resolve(long) == resolve_long_form(long)
    assert did_peer_4.resolve_short(long) == resolve_short_form(long)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": "did:example:a"},
        {"verificationMethod": {}},
        {"service": [{"id": "absolute", "type": "x"}]},
        {"service": [{"id": "#a"}]},
        {"keyAgreement": [{"type": "Multikey"}]},
        {"alsoKnownAs": "did:example:a"},
    ],
)
def test_what_is_no_input_document_makes_no_did(document: dict[str, Any]) -> None:
    """The package refuses it too."""
    with pytest.raises(ValueError, match=r".+"):
        did_peer_4.encode(copy.deepcopy(document))
    with pytest.raises(DidRefused, match="bad-peer-did"):
        make_did_peer_4(document)


def test_nobody_puts_another_document_behind_a_name() -> None:
    """A long form that is well made, but for the hash, which is that of somebody else: whoever believed it
    would take messages by these keys for theirs."""
    mallorys = make_did_peer_4({**DOCUMENT, "alsoKnownAs": ["did:example:mallory"]})
    forged = f"{SPECIFIED}:{mallorys.rpartition(':')[2]}"
    for resolve in (resolve_long_form, resolve_short_form):
        with pytest.raises(DidRefused, match="bad-peer-did"):
            resolve(forged)
    resolver = DidResolver(None, lambda: 0.0)
    assert resolver.at_hand(forged) is None
    assert resolver.at_hand(SPECIFIED) is None
    assert resolver.learn_long_form(make_did_peer_4(DOCUMENT)) == SPECIFIED
    assert resolver.at_hand(forged) is None
    assert resolver.at_hand(SPECIFIED) is not None
