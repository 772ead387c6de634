"""One thing that `picomesh doctor` has looked at, and how it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from engine.config import Settings

State = Literal["good", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`note` is what its owner should know and may want so."""

    subject: str
    state: State
    text: str
    hint: str | None = None


Check = Callable[[Settings], Iterator[Finding]]
