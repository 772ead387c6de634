"""What is taken out of answers for those who may look and not write: channels, and DIDs of channels.

Whoever knows a channel can use it, so an answer that names one would be more than a look. It is done here,
on the bytes of every such answer, and not in each handler, where one would be forgotten sooner or later.
"""

from __future__ import annotations

import re
from collections.abc import Callable

WITHHELD = "withheld"
"""What stands in the place of a channel."""

_DID = re.compile(rb"did:[a-z0-9]+:[A-Za-z0-9._:%=-]+")
_WORD = re.compile(rb"[A-Za-z0-9_-]{8,}")

IsChannel = Callable[[str], bool]


def withhold(body: bytes, is_channel: IsChannel) -> bytes:
    """The same without channels; the ids of picos, events and rulesets stay."""
    known: dict[bytes, bool] = {}

    def replace(found: re.Match[bytes]) -> bytes:
        word = found[0]
        if word not in known:
            known[word] = is_channel(word.decode())
        return WITHHELD.encode() if known[word] else word

    return _WORD.sub(replace, _DID.sub(replace, body))
