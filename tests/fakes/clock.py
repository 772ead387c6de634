"""A clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class SetCall:
    """`engine.ports.Call`."""

    time_ms: int
    call: Callable[[], None]
    calls: list[SetCall]

    def cancel(self) -> None:
        if self in self.calls:
            self.calls.remove(self)


@dataclass
class SetClock:
    """`engine.ports.Clock`."""

    time_ms: int = 1_700_000_000_000
    calls: list[SetCall] = field(default_factory=list)
    """Those that are to come."""

    def now_ms(self) -> int:
        return self.time_ms

    def call_at(self, time_ms: int, call: Callable[[], None]) -> SetCall:
        self.calls.append(SetCall(time_ms, call, self.calls))
        return self.calls[-1]

    def move_to(self, time_ms: int) -> None:
        """It is that time now, whatever it was; what is due is called."""
        self.time_ms = time_ms
        for one in [one for one in self.calls if one.time_ms <= time_ms]:
            self.calls.remove(one)
            one.call()
