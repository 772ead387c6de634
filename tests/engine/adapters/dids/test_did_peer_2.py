"""did:peer:2, beside the package `did-peer-2`, and the old form that `peerdid` writes."""

from __future__ import annotations

from typing import Any, cast

import did_peer_2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.dids import DidRefused, didcomm_endpoints, make_did_peer_2, normalise, resolve_did_peer_2
from engine.adapters.dids.did_peer_2 import PURPOSES, did_peer_3, with_old_ids
from engine.adapters.dids.documents import Relationship
from engine.adapters.dids.limits import KEYS as KEYS_AT_MOST
from engine.adapters.dids.limits import SERVICES as SERVICES_AT_MOST
from engine.core.multiformats import to_base64url
from tests.campaign import examples
from tests.engine.adapters.dids.people import X25519, signer

ED25519 = signer(1).multikey

SPECIFIED = (
    "did:peer:2.Vz6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
    ".Ez6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"
    ".SeyJ0IjoiZG0iLCJzIjp7InVyaSI6Imh0dHA6Ly9leGFtcGxlLmNvbS9kaWRjb21tIiwiYSI6WyJkaWRjb21tL3YyIl0sInIiOls"
    "iZGlkOmV4YW1wbGU6MTIzNDU2Nzg5YWJjZGVmZ2hpI2tleS0xIl19fQ"
    ".SeyJ0IjoiZG0iLCJzIjp7InVyaSI6Imh0dHA6Ly9leGFtcGxlLmNvbS9hbm90aGVyIiwiYSI6WyJkaWRjb21tL3YyIl0sInIiOls"
    "iZGlkOmV4YW1wbGU6MTIzNDU2Nzg5YWJjZGVmZ2hpI2tleS0yIl19fQ"
)
"""The example of the Peer DID specification, "Generating a did:peer:2"."""

OLD = (
    "did:peer:2.Ez6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
    ".Vz6MkqRYqQiSgvZQdnBytw86Qbs2ZWUkGv22od935YF4s8M7V.Vz6MkgoLTnTypo3tDRwCkZXSccTPHRLhF4ZnjhueYAFpEX6vg"
    ".SeyJ0IjoiZG0iLCJzIjoiaHR0cHM6Ly9leGFtcGxlLmNvbS9lbmRwb2ludCIsInIiOlsiZGlkOmV4YW1wbGU6c29tZW1lZGlhdG9y"
    "I3NvbWVrZXkiXSwiYSI6WyJkaWRjb21tL3YyIiwiZGlkY29tbS9haXAyO2Vudj1yZmM1ODciXX0"
)
"""The specification's example of Method 3, which is older: services are still flat."""


def service(uri: str, routing_key: str) -> dict[str, Any]:
    endpoint = {
        "uri": uri,
        "accept": ["didcomm/v2"],
        "routingKeys": [f"did:example:123456789abcdefghi#{routing_key}"],
    }
    return {"type": "DIDCommMessaging", "serviceEndpoint": endpoint}


def test_the_example_of_the_specification_is_made() -> None:
    """Two keys and two services, letter for letter."""
    keys: list[tuple[Relationship, str]] = [
        ("authentication", "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"),
        ("keyAgreement", "z6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"),
    ]
    services = [
        service("http://example.com/didcomm", "key-1"),
        service("http://example.com/another", "key-2"),
    ]
    assert make_did_peer_2(keys, services) == SPECIFIED


def test_the_example_of_the_specification_is_read() -> None:
    """The document that stands beside it."""
    document = resolve_did_peer_2(SPECIFIED)
    assert document["authentication"] == ["#key-1"]
    assert document["keyAgreement"] == ["#key-2"]
    assert [one["id"] for one in document["service"]] == ["#service", "#service-1"]
    assert document["service"][1]["serviceEndpoint"]["uri"] == "http://example.com/another"
    assert document["alsoKnownAs"] == ["did:peer:3zQmd6RdU6e2nDrLn1rjwdA5Buzq7wJwsv3WJ1AgrwKYJoLE"]


def test_the_short_form_is_that_of_the_specification() -> None:
    """Its example of Method 3."""
    assert did_peer_3(OLD) == "did:peer:3zQmS19jtYDvGtKVrJhQnRFpBQAx3pJ9omx2HpNrcXFuRCz9"


LONG_NAMES = set(did_peer_2.ServiceEncoder.common_string_abbreviations)
SHORT_NAMES = set(did_peer_2.ServiceEncoder.common_string_abbreviations.values())
NAMES = st.one_of(
    st.sampled_from(sorted(LONG_NAMES)), st.text(max_size=5).filter(lambda name: name not in SHORT_NAMES)
)
TEXTS = st.text(max_size=12).filter(lambda text: text not in SHORT_NAMES)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES.filter(lambda name: name != "type"), inner, max_size=3)
    ),
    max_leaves=8,
)
SERVICES = st.builds(
    lambda kind, more: {**more, "type": kind},
    st.sampled_from(["DIDCommMessaging", "did-communication", "LinkedDomains"]),
    st.dictionaries(NAMES.filter(lambda name: name not in ("type", "id")), VALUES, max_size=4),
)
KEYS = st.lists(
    st.tuples(st.sampled_from(sorted(PURPOSES)), st.sampled_from([ED25519, X25519])), min_size=1, max_size=4
)


@settings(max_examples=examples(150), deadline=None)
@given(KEYS, st.lists(SERVICES, max_size=3))
def test_the_package_makes_and_reads_the_same(
    keys: list[tuple[str, str]], services: list[dict[str, Any]]
) -> None:
    """`did-peer-2`, byte for byte in both directions."""
    ours = make_did_peer_2([(cast(Relationship, one), multikey) for one, multikey in keys], services)
    specs = [
        did_peer_2.KeySpec(did_peer_2.PurposeCode(PURPOSES[cast(Relationship, one)]), multikey)
        for one, multikey in keys
    ]
    assert did_peer_2.generate(specs, services) == ours
    assert resolve_did_peer_2(ours) == did_peer_2.resolve(ours)


def test_a_did_that_older_software_may_have_made_has_its_key_ids_too() -> None:
    """`peerdid` writes encryption keys first, and calls keys by their first eight letters; before, by all."""
    document = normalise(OLD, with_old_ids(resolve_did_peer_2(OLD)))
    ids = [one.removeprefix(OLD) for one in document["keyAgreement"]]
    assert ids == ["#key-1", "#6LSbysY2", "#6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"]
    keys = {
        one["publicKeyMultibase"]
        for one in document["verificationMethod"]
        if one["id"] in document["keyAgreement"]
    }
    assert keys == {X25519}
    assert len(document["authentication"]) == 6


def test_a_did_of_today_has_no_second_ids() -> None:
    """Else every message to it would be encrypted several times for the same key."""
    document = resolve_did_peer_2(SPECIFIED)
    assert with_old_ids(document) == document


def test_flat_services_and_lists_of_them_are_read() -> None:
    """As `peerdid` writes them."""
    (endpoint,) = didcomm_endpoints(resolve_did_peer_2(OLD))
    assert endpoint.uri == "https://example.com/endpoint"
    assert endpoint.routing_keys == ("did:example:somemediator#somekey",)
    entries = '[{"t":"dm","s":"https://a.example"},{"t":"dm","s":"https://b.example"}]'
    listed = f"did:peer:2.S{to_base64url(entries.encode())}"
    uris = [one.uri for one in didcomm_endpoints(resolve_did_peer_2(listed))]
    assert uris == ["https://a.example", "https://b.example"]


def test_a_service_that_would_be_read_as_another_is_not_written() -> None:
    """`t` is read as `type`."""
    with pytest.raises(DidRefused, match="abbreviations"):
        make_did_peer_2([("authentication", ED25519)], [{"type": "x", "id": "#a", "s": 1}])


def test_a_name_of_nothing_is_not_written() -> None:
    """Nobody could read it."""
    with pytest.raises(DidRefused, match="bad-peer-did"):
        make_did_peer_2([])


@pytest.mark.parametrize(
    ("keys", "services"),
    [(KEYS_AT_MOST + 1, 0), (0, SERVICES_AT_MOST + 1), (1, 40)],
    ids=["keys", "services", "characters"],
)
def test_a_name_that_nobody_would_read_is_not_written(keys: int, services: int) -> None:
    """With more in it than is read here, too."""
    service = {"type": "x", "serviceEndpoint": "https://example.com/" + "a" * (200 if services == 40 else 1)}
    with pytest.raises(DidRefused, match="too-large"):
        make_did_peer_2([("authentication", ED25519)] * keys, [service] * services)
