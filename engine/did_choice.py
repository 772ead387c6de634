"""Who may ask something of an engine: a setting that names some DIDs, or says anybody or nobody."""

from __future__ import annotations

from dataclasses import dataclass

from engine.choices import read_choice
from engine.core.dids import did_of, is_did_url, same_did


@dataclass(frozen=True, slots=True)
class DidChoice:
    """Those with these DIDs, or everybody."""

    dids: tuple[str, ...] = ()
    is_all: bool = False

    def __str__(self) -> str:
        return "true" if self.is_all else ", ".join(self.dids) or "false"

    def takes(self, did: str) -> bool:
        """Whether the one who is proven to have this DID is among those meant."""
        return self.is_all or any(same_did(did, one) for one in self.dids)


ANYBODY = DidChoice(is_all=True)
NO_DID = DidChoice()


def read_dids(value: object) -> DidChoice:
    """From a setting: true for anybody, false for nobody, a list of DIDs, or a text with commas.

    Raises `ValueError` when something in it is no DID.
    """
    return read_choice(value, ANYBODY, NO_DID, lambda parts: DidChoice(tuple(map(_read, parts))))


def _read(part: str) -> str:
    if not is_did_url(part) or did_of(part) != part:
        raise ValueError
    return part
