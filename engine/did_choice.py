"""Who may ask something of an engine: a setting that names some DIDs, or says anybody or nobody."""

from __future__ import annotations

from dataclasses import dataclass

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
    match value:
        case DidChoice():
            return value
        case True | "true":
            return ANYBODY
        case False | "false" | "":
            return NO_DID
        case str():
            return read_dids([part.strip() for part in value.split(",")])
        case list():
            return DidChoice(tuple(map(_read, value)))
    raise ValueError


def _read(part: object) -> str:
    if not isinstance(part, str) or not is_did_url(part) or did_of(part) != part:
        raise ValueError
    return part
