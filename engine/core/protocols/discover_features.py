"""discover-features 2.0: which protocols, goal codes and headers the other side knows.

DIDComm v2.1, "Discover Features Protocol 2.0". Only what policy does not hide is disclosed; an empty
answer says nothing about what there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.protocols.bodies import list_of, may, need, object_with, text
from engine.core.protocols.protocol import Kind, Protocol, Words, reply, say
from engine.core.protocols.reactions import Facts, Feature, Note, Reaction, State, attrs_of, stray
from engine.core.protocols.threads import Stray, ask, settle

PIURI = "https://didcomm.org/discover-features/2.0"
QUERIES = f"{PIURI}/queries"
DISCLOSE = f"{PIURI}/disclose"
MOST_QUERIES = 64
LONGEST_MATCH = 512


def query(
    state: State, id: str, queries: Sequence[tuple[str, str]], now_s: int, until_s: int | None = None
) -> Reaction:
    """Each is a kind of feature and a pattern, in which `*` is any text."""
    body = {"queries": [{"feature-type": kind, "match": match} for kind, match in queries]}
    message = say(state, Words(QUERIES, body, expires_s=until_s), id, now_s)
    return Reaction(ask(state, message, until_s), (message,))


def tell(state: State, id: str, features: Sequence[Feature], now_s: int) -> Reaction:
    """Without having been asked, which the specification allows."""
    body = {"disclosures": [_disclosure(feature) for feature in features]}
    return Reaction(state, (say(state, Words(DISCLOSE, body), id, now_s),))


def _heard_queries(state: State, message: Message, facts: Facts) -> Reaction:
    disclosures = [_disclosure(feature) for feature in _asked_for(message.body["queries"], facts)]
    answer = reply(state, message, facts, Words(DISCLOSE, {"disclosures": disclosures}))
    return Reaction(state, (answer,), (Note("discover_features_queries", attrs_of(message, facts)),))


def _asked_for(queries: Sequence[Mapping[str, Any]], facts: Facts) -> Iterator[Feature]:
    """Each once, however often it was asked for; kinds that are not known match nothing."""
    for feature in facts.features:
        hidden = any(matches(feature.id, pattern) for pattern in facts.hidden)
        if not hidden and any(_fits(feature, one) for one in queries):
            yield feature


def _fits(feature: Feature, query: Mapping[str, Any]) -> bool:
    return query["feature-type"] == feature.kind and matches(feature.id, query["match"])


def matches(text: str, pattern: str) -> bool:
    """`*` is any text, also none. Takes the first place for each part, so no pattern is slow."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    if not text.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(others[-1]) and len(text) - len(others[-1]) >= at


def _disclosure(feature: Feature) -> dict[str, Any]:
    roles = {"roles": list(feature.roles)} if feature.roles else {}
    return {"feature-type": feature.kind, "id": feature.id, **roles}


def _heard_disclose(state: State, message: Message, facts: Facts) -> Reaction:
    if message.thid is None:
        return Reaction(state, notes=(_disclosed(message, facts, asked=False),))
    settled = settle(state, message, facts, QUERIES)
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    return Reaction(settled.state, notes=(_disclosed(message, facts, asked=True),))


def _disclosed(message: Message, facts: Facts, asked: bool) -> Note:
    return Note("discover_features_disclose", attrs_of(message, facts) | {"asked": asked})


_QUERY = {"feature-type": need(text()), "match": need(text(LONGEST_MATCH))}
_DISCLOSURE = {"feature-type": need(text()), "id": need(text()), "roles": may(list_of(text(), most=64))}

PROTOCOL = Protocol(
    PIURI,
    roles=("requester", "responder"),
    kinds={
        "queries": Kind(
            "requester",
            {"queries": need(list_of(object_with(_QUERY), most=MOST_QUERIES))},
            _heard_queries,
        ),
        "disclose": Kind(
            "responder",
            {"disclosures": need(list_of(object_with(_DISCLOSURE)))},
            _heard_disclose,
            answers=("queries",),
            unasked=True,
        ),
    },
)
