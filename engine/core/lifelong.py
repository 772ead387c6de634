"""The channel at which messages to a pico's name for life arrive: the one that the pico has tagged for it.

Having a name is no leave to be written to. So there is none until the pico's rules, or its owner, make one,
with policies like any other channel's; until then everybody is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.model import Channel, Eci

TAG = "did"


def lifelong_channel(channels: Mapping[Eci, Channel]) -> Eci | None:
    """Of several with the tag the one whose id comes first; the others are channels like any."""
    return min((one.eci for one in channels.values() if is_tagged(one)), default=None)


def is_lifelong(channels: Mapping[Eci, Channel], eci: Eci) -> bool:
    held = channels.get(eci)
    return held is not None and is_tagged(held) and lifelong_channel(channels) == eci


def is_tagged(channel: Channel) -> bool:
    return TAG in channel.tags and channel.family is None
