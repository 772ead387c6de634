"""Channels let in exactly what their policy says, and say why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.messages import Refusal
from engine.core.model import Channel, CredentialAsked, Eci, PicoId, Policy, PolicyEntry
from engine.core.policy import NOBODY, allows_event, allows_query, read_policy, read_tags, show_policy
from engine.core.vouching import Shown
from pico_lang.errors import TypeFault
from pico_lang.values import Value

ANY = PolicyEntry("*", "*")
ASKED: dict[str, Value] = {"type": "Supplier", "issuer": "did:example:guild"}


def make_channel(
    *allow: PolicyEntry, deny: tuple[PolicyEntry, ...] = (), family: str | None = None
) -> Channel:
    policy = Policy(allow, deny)
    return Channel(Eci("c"), (), policy, policy, None if family is None else PicoId(family))


@pytest.mark.parametrize(
    "entry", [ANY, PolicyEntry("lamp", "*"), PolicyEntry("*", "on"), PolicyEntry("lamp", "on")]
)
def test_a_star_stands_for_any_domain_or_name(entry: PolicyEntry) -> None:
    """Each half of an entry matches its own word or anything."""
    assert allows_event(make_channel(entry), None, "lamp", "on") is None
    assert allows_query(make_channel(entry), None, "lamp", "on") is None


def test_an_entry_for_another_name_lets_nothing_in() -> None:
    """Both halves of an entry have to match."""
    channel = make_channel(PolicyEntry("lamp", "off"), PolicyEntry("door", "on"))
    refusal = allows_event(channel, None, "lamp", "on")
    assert refusal is not None
    assert (refusal.kind, refusal.reason) == ("denied", "Not allowed by channel policy")


def test_deny_wins_over_allow() -> None:
    """What is denied is refused although it is allowed as well."""
    refusal = allows_query(make_channel(ANY, deny=(PolicyEntry("*", "secret"),)), None, "lamp", "secret")
    assert refusal is not None
    assert refusal.reason == "Denied by channel policy"


def test_a_policy_without_entries_lets_nothing_in() -> None:
    """An empty allow list is not "anything"."""
    assert allows_event(make_channel(), None, "lamp", "on") is not None


@pytest.mark.parametrize("sender", [None, PicoId("stranger")])
def test_a_family_channel_is_for_its_relative_alone(sender: PicoId | None) -> None:
    """Neither the outside nor another pico can use it, whatever its policy says."""
    channel = make_channel(ANY, family="mother")
    refusal = allows_event(channel, sender, "lamp", "on")
    assert refusal is not None
    assert refusal.reason == "This is a family channel and only the owner can use it."
    assert allows_event(channel, PicoId("mother"), "lamp", "on") is None
    assert allows_query(channel, PicoId("mother"), "lamp", "on") is None


def test_upkeep_never_comes_in_through_a_channel() -> None:
    """Events of the engine's own domain are refused even where everything is allowed."""
    assert allows_event(make_channel(ANY), None, "$engine", "install") is not None


def test_a_refusal_names_what_was_asked_as_people_write_it() -> None:
    """Events with a colon, queries with a slash."""
    channel = make_channel(PolicyEntry("door", "*"))
    for refusal, told in (
        (allows_event(channel, None, "lamp", "on"), "allows lamp:on"),
        (allows_query(channel, None, "lamp", "on"), "allows lamp/on"),
    ):
        assert refusal is not None
        assert told in (refusal.hint or "")


def test_a_policy_that_allows_nothing_says_where_it_may_come_from() -> None:
    """Whoever made the channel without a policy may not know what the engine's owner has set."""
    refusal = allows_event(make_channel(), None, "lamp", "on")
    assert refusal is not None
    assert "default_channel_policy" in (refusal.hint or "")


def test_null_is_the_policy_that_allows_everything() -> None:
    assert read_policy(None, "domain") == Policy((ANY,))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"allow": []},
        {"allow": [], "deny": [], "denny": []},
        {"allow": {}, "deny": []},
        {"allow": ["*"], "deny": []},
        {"allow": [{"domain": "*"}], "deny": []},
        {"allow": [{"rid": "*", "name": "*"}], "deny": []},
        {"allow": [{"domain": "*", "name": 1.0}], "deny": []},
        {"allow": [], "deny": [{"domain": "", "name": "*"}]},
        {"allow": [{"domain": "*", "name": "*", "from": "ann"}], "deny": []},
        {"allow": [{"domain": "*", "name": "*", "from": None}], "deny": []},
        {"allow": [{"domain": "*", "name": "*", "form": "*"}], "deny": []},
        {"allow": [], "deny": [{"domain": "*", "name": "*", "credential": ASKED}]},
        *[
            {"allow": [{"domain": "*", "name": "*", "credential": asked}], "deny": []}
            for asked in (
                None,
                {"type": "Supplier"},
                {"issuer": "did:example:guild"},
                {**ASKED, "type": []},
                {**ASKED, "type": ["Supplier", 1.0]},
                {**ASKED, "type": "no such type"},
                {**ASKED, "issuer": "guild"},
                {**ASKED, "issuer": "did:example:guild#key-1"},
                {**ASKED, "issuer": []},
                {**ASKED, "claims": {"region": None}},
                {**ASKED, "claims": ["region"]},
                {**ASKED, "claim": {}},
            )
        ],
        "allow",
        [],
    ],
)
def test_a_misspelt_policy_is_refused(value: Value) -> None:
    """A policy has exactly two keys and its entries exactly two strings; nothing is guessed."""
    with pytest.raises(TypeFault):
        read_policy(value, "domain")


def test_a_policy_is_shown_as_it_is_read() -> None:
    value = {"allow": [{"rid": "*", "name": "f"}], "deny": [{"rid": "r", "name": "*"}]}
    assert show_policy(read_policy(value, "rid"), "rid") == value


def test_tags_are_cleaned() -> None:
    """Lower case, a dash for every run of other characters, and none twice."""
    assert read_tags(["  My  Lamp! ", "a_b-1", "A_B-1"]) == ("my-lamp-", "a_b-1")


@pytest.mark.parametrize("tags", [[""], ["  "], ["system"], [" SYSTEM"], [1.0], "a,b", None])
def test_blank_reserved_and_misshapen_tags_are_refused(tags: Value) -> None:
    with pytest.raises(TypeFault):
        read_tags(tags)


DID = "did:example:ann"


@pytest.mark.parametrize(
    ("named", "may"),
    [
        (None, {None, PicoId("bob"), DID, "did:example:eve"}),
        (DID, {DID}),
        ("*", {None, PicoId("bob"), DID, "did:example:eve", NOBODY}),
    ],
)
def test_an_entry_says_whom_it_lets_in(named: str | None, may: set[str | None]) -> None:
    """One DID, everybody, or all but those who write messages and do not say who they are."""
    channel = make_channel(PolicyEntry("*", "*", named))
    everybody: list[str | None] = [None, PicoId("bob"), DID, "did:example:eve", NOBODY]
    assert {one for one in everybody if allows_event(channel, one, "lamp", "on") is None} == may
    assert {one for one in everybody if allows_query(channel, one, "lamp", "on") is None} == may


@pytest.mark.parametrize(
    ("named", "refused"), [(None, True), ("*", True), (DID, True), ("did:example:eve", False)]
)
def test_an_entry_says_whom_it_keeps_out(named: str | None, refused: bool) -> None:
    """Left out it is everybody: a ban holds for those too whom nobody has thought of."""
    channel = make_channel(ANY, deny=(PolicyEntry("lamp", "*", named),))
    assert (allows_event(channel, DID, "lamp", "on") is not None) is refused


def test_a_did_has_two_forms_and_is_one() -> None:
    """The short form of a did:peer:4 and the long one."""
    channel = make_channel(PolicyEntry("*", "*", "did:peer:4zQmShort"))
    assert allows_event(channel, "did:peer:4zQmShort:z2Long", "lamp", "on") is None


def test_a_policy_with_senders_is_shown_as_it_is_read() -> None:
    value: Value = {"allow": [{"domain": "*", "name": "f", "from": DID}], "deny": []}
    assert show_policy(read_policy(value, "domain"), "domain") == value


SUPPLIER = CredentialAsked(("Supplier",), ("did:example:guild",), (("open", True), ("tons", 5.0)))
GOOD = Shown(("Supplier", "Member"), "did:example:guild", {"open": True, "tons": 5, "name": "Ann"})


@pytest.mark.parametrize(
    ("shown", "may"),
    [
        ([], False),
        ([GOOD], True),
        ([replace(GOOD, issuer="did:example:other"), GOOD], True),
        ([replace(GOOD, types=("Member",))], False),
        ([replace(GOOD, issuer="did:example:other")], False),
        ([replace(GOOD, claims={"open": 1, "tons": 5})], False),
        ([replace(GOOD, claims={"tons": 5})], False),
        ([replace(GOOD, claims={"open": True}), replace(GOOD, claims={"tons": 5})], False),
    ],
)
def test_an_entry_may_ask_for_a_credential(shown: list[Shown], may: bool) -> None:
    """One that is all of what is asked for: type, issuer and claims."""
    channel = make_channel(PolicyEntry("*", "*", credential=SUPPLIER))
    refused = allows_event(channel, DID, "lamp", "on", shown), allows_query(channel, DID, "lamp", "on", shown)
    assert [one is None for one in refused] == [may, may]


def test_what_is_asked_for_is_told_to_those_who_can_show_it() -> None:
    """And to nobody else, though they hear that there is something."""
    channel = make_channel(PolicyEntry("*", "*", credential=SUPPLIER))
    told = {who: allows_event(channel, who, "lamp", "on") for who in (DID, None, PicoId("bob"), NOBODY)}
    told_ann = told[DID]
    assert isinstance(told_ann, Refusal)
    assert told_ann.asks == (SUPPLIER,)
    assert "Supplier by did:example:guild with open true, tons 5" in str(told_ann.hint)
    for who in (None, PicoId("bob"), NOBODY):
        refusal = told[who]
        assert isinstance(refusal, Refusal)
        assert "Supplier" not in str(refusal)


def test_a_credential_does_not_widen_an_entry() -> None:
    """Another sender, or another event, is not let in by it, and asked for nothing."""
    channel = make_channel(
        PolicyEntry("lamp", "*", "did:example:eve", SUPPLIER), deny=(PolicyEntry("*", "off"),)
    )
    assert allows_event(channel, "did:example:eve", "lamp", "on", [GOOD]) is None
    for who, name in ((DID, "on"), ("did:example:eve", "off")):
        refusal = allows_event(channel, who, "lamp", name, [GOOD])
        assert isinstance(refusal, Refusal)
        assert not refusal.asks


@pytest.mark.parametrize(
    "asked",
    [
        ASKED,
        {
            "type": ["Supplier", "Member"],
            "issuer": ["did:example:a", "did:example:b"],
            "claims": {"open": True},
        },
    ],
)
def test_a_policy_with_credentials_is_shown_as_it_is_read(asked: Value) -> None:
    value: Value = {"allow": [{"domain": "*", "name": "f", "from": DID, "credential": asked}], "deny": []}
    assert show_policy(read_policy(value, "domain"), "domain") == value
