"""What is disclosed: what matches and is not hidden; and how patterns match."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.core.protocols import PROTOCOLS, Feature, features
from engine.core.protocols.discover_features import DISCLOSE, PIURI, QUERIES, matches, tell
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of, pair

FEATURES = (
    Feature("protocol", "https://didcomm.org/tictactoe/1.0", ("player",)),
    Feature("protocol", "https://didcomm.org/tictactoe/2.0"),
    Feature("goal-code", "org.didcomm.sell"),
    Feature("header", "please_ack"),
)


def disclosed(queries: list[tuple[str, str]], hidden: tuple[str, ...] = ()) -> list[str]:
    bob = Party(BOB, ALICE, features=FEATURES, hidden=hidden)
    body = {"queries": [{"feature-type": kind, "match": match} for kind, match in queries]}
    (answer,) = bob.hear(message_of(QUERIES, body)).replies
    assert answer.type == DISCLOSE
    return [one["id"].removeprefix("https://didcomm.org/") for one in answer.body["disclosures"]]


@pytest.mark.parametrize(
    ("queries", "found"),
    [
        ([("protocol", "https://didcomm.org/tictactoe/1.*")], ["tictactoe/1.0"]),
        ([("protocol", "*")], ["tictactoe/1.0", "tictactoe/2.0"]),
        ([("protocol", "*"), ("protocol", "*tictactoe/1.0")], ["tictactoe/1.0", "tictactoe/2.0"]),
        ([("goal-code", "org.*"), ("header", "please_ack")], ["org.didcomm.sell", "please_ack"]),
        ([("goal-code", "org")], []),
        ([("weather", "*")], []),
        ([], []),
    ],
)
def test_what_matches_is_disclosed_once(queries: list[tuple[str, str]], found: list[str]) -> None:
    """Kinds of features that nobody knows are ignored."""
    assert disclosed(queries) == found


@pytest.mark.parametrize(
    ("hidden", "found"),
    [("*", []), ("*/2.0", ["tictactoe/1.0"]), ("nothing", ["tictactoe/1.0", "tictactoe/2.0"])],
)
def test_what_policy_hides_is_not_disclosed(hidden: str, found: list[str]) -> None:
    """Not even to who asks for it by its name; the answer is as if it were not there."""
    assert disclosed([("protocol", "*"), ("protocol", FEATURES[1].id)], (hidden,)) == found


def test_all_that_is_spoken_here_can_be_disclosed() -> None:
    """With the roles one can play, as somebody who asks an engine gets it."""
    bob = Party(BOB, ALICE, features=features())
    body = {"queries": [{"feature-type": "protocol", "match": "*"}]}
    (answer,) = bob.hear(message_of(QUERIES, body)).replies
    told = {one["id"]: one["roles"] for one in answer.body["disclosures"]}
    assert told == {protocol.piuri: list(protocol.roles) for protocol in PROTOCOLS}
    assert told[PIURI] == ["requester", "responder"]


def test_features_may_be_disclosed_unasked() -> None:
    """Rules get to know that nobody had asked."""
    alice, bob = pair()
    alice.do(tell(alice.state, "t", FEATURES[:1], NOW_S))
    bob.hear_all(alice)
    (told,) = bob.told("discover_features_disclose")
    assert told["asked"] is False
    assert told["body"]["disclosures"] == [
        {"feature-type": "protocol", "id": FEATURES[0].id, "roles": ["player"]}
    ]


@example("a", "a*a")
@example("ab", "*c*b")
@given(st.text("ab.*+", max_size=12), st.text("ab.*+", max_size=6))
def test_a_star_is_any_text_and_nothing_else_is_special(text: str, pattern: str) -> None:
    """Agrees with the regular expression that says the same."""
    expected = re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text)
    assert matches(text, pattern) == (expected is not None)


def test_no_pattern_takes_long() -> None:
    """A backtracking matcher would not come back from this one."""
    assert not matches("a" * 4000, "a*" * 200 + "b")
