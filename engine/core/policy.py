"""Who may send which event, or ask which query, over a channel.

Answers a `Refusal` or None; the sentences a rule author may already know from other engines are
kept. Who it is that an entry names may have changed: `engine.core.relations` knows. Also reads policies and
tags from language values, strictly: a policy that was misspelt must not silently mean "allow everything".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from engine.core.dids import Did, is_did_url, same_did
from engine.core.messages import Refusal
from engine.core.model import ALLOW_ALL, Channel, CredentialAsked, DefaultPolicy, PicoId, Policy, PolicyEntry
from engine.core.vouching import FORM, Shown, describe, is_met, read_asked, show_asked
from pico_lang.errors import TypeFault
from pico_lang.values import Value

UPKEEP = "$engine"
"""Domain of the events by which the engine itself tends a pico; no channel lets one in."""

RESERVED_TAG = "system"

Sender = PicoId | Did | str | None
"""A pico of this engine, a DID that is proven, `NOBODY`, or None for people and programs that use an ECI."""

PolicyScope = Literal["domain", "rid"]
"""What the first half of an entry names: a domain for events, a ruleset for queries."""

DEFAULTS: Mapping[DefaultPolicy, Policy] = {"allow": ALLOW_ALL, "deny": Policy(())}
"""What a channel lets in that was made without a policy."""

_NOT_IN_A_TAG = re.compile(r"[^a-z0-9_-]+")


NOBODY = "anonymous"
"""The sender of a DIDComm message that does not prove whom it is from. Whoever uses an ECI proves nothing
either, but has been given it; a DID is there for others to know."""

ANYBODY = "*"


SameParty = Callable[[str, str], bool]
"""Whether somebody whom an entry names is who has this DID now."""


def allows_event(
    channel: Channel,
    sender: Sender,
    domain: str,
    name: str,
    shown: Sequence[Shown] = (),
    is_same: SameParty = same_did,
) -> Refusal | None:
    """Why this event may not come in here, or None. `shown` is what the sender has shown here."""
    if domain.startswith("$"):
        return _denied(f"Events of domain {domain!r} are the engine's own.")
    return _allows(channel, sender, channel.event_policy, (domain, name), f"{domain}:{name}", shown, is_same)


def allows_query(
    channel: Channel,
    sender: Sender,
    rid: str,
    name: str,
    shown: Sequence[Shown] = (),
    is_same: SameParty = same_did,
) -> Refusal | None:
    """Why this query may not be asked here, or None."""
    return _allows(channel, sender, channel.query_policy, (rid, name), f"{rid}/{name}", shown, is_same)


def _allows(
    channel: Channel,
    sender: Sender,
    policy: Policy,
    asked: tuple[str, str],
    told: str,
    shown: Sequence[Shown],
    is_same: SameParty,
) -> Refusal | None:
    if channel.family is not None and channel.family != sender:
        return _denied(
            "This is a family channel and only the owner can use it.",
            "use a channel that was made for you; the pico's owner can make one with ctx:newChannel",
        )
    if any(_matches(entry, *asked) and _denies(entry, sender, is_same) for entry in policy.deny):
        return _denied("Denied by channel policy", f"this channel's policy denies {told}")
    fitting = [entry for entry in policy.allow if _matches(entry, *asked) and _admits(entry, sender, is_same)]
    if not fitting:
        return _denied("Not allowed by channel policy", _missing(policy, told))
    if any(entry.credential is None or is_met(entry.credential, shown) for entry in fitting):
        return None
    return _asks(fitting, sender)


def _asks(entries: Sequence[PolicyEntry], sender: Sender) -> Refusal:
    """What would be enough, for whoever is able to show it. Others learn only that there is a condition."""
    asks = tuple(entry.credential for entry in entries if entry.credential is not None)
    if sender is None or not is_did_url(sender):
        return _denied(
            "Not allowed by channel policy",
            "this channel's policy wants the sender to show something, which a message to its DID can do",
        )
    return Refusal(
        "denied",
        "This channel asks for a credential",
        f"attach a presentation of one of these to the message: {'; '.join(map(describe, asks))}",
        asks=asks,
    )


def _matches(entry: PolicyEntry, scope: str, name: str) -> bool:
    return entry.scope in ("*", scope) and entry.name in ("*", name)


def _admits(entry: PolicyEntry, sender: Sender, is_same: SameParty) -> bool:
    return sender != NOBODY if entry.sender is None else _is_about(entry.sender, sender, is_same)


def _denies(entry: PolicyEntry, sender: Sender, is_same: SameParty) -> bool:
    """Whoever was denied by a name that he has left is, by that and by his new one."""
    if entry.sender is None or _is_about(entry.sender, sender, is_same):
        return True
    return sender is not None and same_did(entry.sender, sender)


def _is_about(named: str, sender: Sender, is_same: SameParty) -> bool:
    return named == ANYBODY or (sender is not None and is_same(named, sender))


def _missing(policy: Policy, told: str) -> str:
    if policy.allow:
        return f"nothing in this channel's policy allows {told}; use another channel of the pico"
    return (
        f"this channel's policy allows nothing, so not {told} either: a channel that is made without one is "
        "like that where the engine's setting default_channel_policy is deny; ctx:putChannel gives it another"
    )


def _denied(reason: str, hint: str | None = None) -> Refusal:
    return Refusal("denied", reason, hint)


# --- from and to language values -------------------------------------------------------------------


def read_policy(value: Value, scope: PolicyScope, missing: Policy = ALLOW_ALL) -> Policy:
    """A policy from `{"allow": […], "deny": […]}`; null means the one for channels that come without."""
    if value is None:
        return missing
    if not isinstance(value, dict) or set(value) != {"allow", "deny"}:
        raise TypeFault('a policy is a map with exactly the keys "allow" and "deny"')
    return Policy(_read_entries(value, "allow", scope), _read_entries(value, "deny", scope))


def _read_entries(policy: dict[str, Value], key: str, scope: PolicyScope) -> tuple[PolicyEntry, ...]:
    entries = policy[key]
    if not isinstance(entries, list):
        raise TypeFault(f'"{key}" of a policy is an array of {{"{scope}", "name"}} maps')
    return tuple(_read_entry(entry, key, scope) for entry in entries)


def _read_entry(entry: Value, key: str, scope: PolicyScope) -> PolicyEntry:
    if isinstance(entry, dict) and set(entry) - {"from", "credential"} == {scope, "name"}:
        first, second = entry[scope], entry["name"]
        if _is_word(first) and _is_word(second) and ("from" not in entry or _is_sender(entry["from"])):
            return PolicyEntry(first.strip(), second.strip(), entry.get("from"), _read_credential(entry, key))
    raise TypeFault(
        f'an entry of "{key}" is a map with exactly the strings "{scope}" and "name", "*" for any; with '
        '"from" it is about one DID, or "*" for everybody, also those who do not prove who they are; '
        'with "credential" it is about those who show one'
    )


def _read_credential(entry: dict[str, Value], key: str) -> CredentialAsked | None:
    if "credential" not in entry:
        return None
    if key == "deny":
        raise TypeFault(f'a "credential" lets somebody in, so it stands in an entry of "allow": {FORM}')
    return read_asked(entry["credential"])


def _is_sender(value: Value) -> bool:
    return isinstance(value, str) and (value == ANYBODY or is_did_url(value))


def _is_word(value: Value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def show_policy(policy: Policy, scope: PolicyScope) -> dict[str, Value]:
    """The map that `read_policy` reads."""
    return {
        "allow": [_show_entry(entry, scope) for entry in policy.allow],
        "deny": [_show_entry(entry, scope) for entry in policy.deny],
    }


def _show_entry(entry: PolicyEntry, scope: PolicyScope) -> dict[str, Value]:
    told: dict[str, Value] = {scope: entry.scope, "name": entry.name}
    if entry.sender is not None:
        told["from"] = entry.sender
    return told if entry.credential is None else {**told, "credential": show_asked(entry.credential)}


def read_tags(value: Value) -> tuple[str, ...]:
    """Tags of a channel: lower case, anything but `a-z0-9_-` becomes a dash, none twice."""
    if not isinstance(value, list):
        raise TypeFault("the tags of a channel are an array of strings")
    return tuple(dict.fromkeys(map(_read_tag, value)))


def _read_tag(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeFault("a channel tag is a string")
    tag = _NOT_IN_A_TAG.sub("-", value.strip().lower())
    if not tag:
        raise TypeFault("a channel tag cannot be blank")
    if tag == RESERVED_TAG:
        raise TypeFault(f'the channel tag "{RESERVED_TAG}" is the engine\'s own')
    return tag
