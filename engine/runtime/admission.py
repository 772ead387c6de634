"""Who is let in: whether a pico's channel takes an event or a query, and what is said if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.messages import Event, Query, Refusal
from engine.core.model import Eci, Pico
from engine.core.policy import NOBODY, allows_event, allows_query
from engine.core.relations import same_party, why_over
from engine.core.vouching import Shown

OWNERS_TAGS = {"engine", "ui"}
"""What a channel is marked with that is meant for the people whose engine it is."""


def admit(
    pico: Pico | None, event: Event, is_anonymous: bool = False, shown: Sequence[Shown] = ()
) -> Refusal | None:
    """Why this pico does not take the event through that channel, or None."""
    if not event.domain or not event.name:
        return Refusal("malformed", "an event needs a domain and a name", "write them as domain/name")
    channel = None if pico is None else pico.channels.get(event.eci)
    if pico is None or channel is None:
        return unknown_channel(event.eci)
    sender = NOBODY if is_anonymous else event.sender
    is_same = same_party(pico.relations, event.eci, event.proven)
    return allows_event(channel, sender, event.domain, event.name, shown, is_same)


def admit_query(
    pico: Pico | None,
    query: Query,
    is_anonymous: bool = False,
    shown: Sequence[Shown] = (),
    proven: Mapping[str, Any] | None = None,
) -> Refusal | None:
    """Why this pico does not answer the query through that channel, or None."""
    channel = None if pico is None else pico.channels.get(query.eci)
    if pico is None or channel is None:
        return unknown_channel(query.eci)
    over = None if query.sender is None else why_over(pico.relations, query.eci, query.sender)
    if over is not None:
        return Refusal("denied", over)
    sender, is_same = NOBODY if is_anonymous else query.sender, same_party(pico.relations, query.eci, proven)
    return allows_query(channel, sender, query.rid, query.name, shown, is_same)


def admit_look(pico: Pico | None, eci: Eci) -> Refusal | None:
    """Why nobody may look inside a pico through that channel, or None.

    A policy speaks of what a ruleset shares; whoever looks inside sees everything.
    """
    return _admit_owner(pico, eci, "look inside a pico")


def admit_upkeep(pico: Pico | None, eci: Eci) -> Refusal | None:
    """Why nobody may have the engine itself change a pico's rulesets through that channel, or None.

    A policy speaks of what rulesets are told; here none of them is asked.
    """
    return _admit_owner(pico, eci, "have the engine itself install a ruleset")


def admit_introduction(pico: Pico | None, eci: Eci, here: bool) -> Refusal | None:
    """Why nobody may have the engine introduce a pico to others through that channel, or None. `here`: it is
    only about the channel itself, to which whoever has it can let others come anyway."""
    if here and pico is not None and eci in pico.channels and pico.channels[eci].family is None:
        return None
    return _admit_owner(pico, eci, "have a pico make acquaintances")


def _admit_owner(pico: Pico | None, eci: Eci, what: str) -> Refusal | None:
    """Some things are for the people whose engine it is, and they have channels of their own."""
    channel = None if pico is None else pico.channels.get(eci)
    if channel is None:
        return unknown_channel(eci)
    if channel.family is None and set(channel.tags) >= OWNERS_TAGS:
        return None
    return Refusal(
        "denied",
        f"one cannot {what} through this channel",
        "use the one that `picomesh tree` shows: it has the tags engine and ui",
    )


def unknown_channel(eci: Eci) -> Refusal:
    return Refusal(
        "unknown",
        f"there is no channel {eci} here",
        "it may have been deleted; `picomesh tree` shows each pico with a channel of it, and the query "
        "io.picolabs.wrangler/channels has the others",
    )
