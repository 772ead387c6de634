"""What compiled code may ask of whoever runs it, and how a host describes its modules.

`Host` is the only way out of a running ruleset. `Member` tables tell the checker which modules
exist, so that a wrong name is a diagnostic and not a surprise. The language itself provides none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pico_lang.values import Value

MemberKind = Literal["property", "function", "action", "both"]
"""`both` may stand as an action and as a function call."""


@dataclass(frozen=True, slots=True)
class Member:
    """One name of a built-in module."""

    kind: MemberKind
    parameters: tuple[str, ...] = ()
    """Names of the parameters in order, for named arguments."""


Modules = Mapping[str, Mapping[str, Member]]
"""Built-in modules: domain → name → member."""


class Host(Protocol):
    """The world of one ruleset during one turn.

    Domain and name are always constants of the program. Arguments arrive in the order of the
    member's `parameters`, padded with None. Everything a method returns is a language value.
    """

    def get_entity(self, name: str) -> Value:
        """`ent:name`; None when unset."""

    def set_entity(self, name: str, value: Value) -> None:
        """`ent:name := value`; None deletes."""

    def set_entity_path(self, name: str, path: Value, value: Value) -> None:
        """`ent:name{path} := value`, with the semantics of the `set` operator."""

    def clear_entity(self, name: str) -> None:
        """`clear ent:name`."""

    def clear_entity_path(self, name: str, path: Value) -> None:
        """`clear ent:name{path}`."""

    def read_property(self, domain: str, name: str) -> Value:
        """`domain:name` of kind property, such as `event:attrs` or `meta:rid`."""

    def call_function(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        """`domain:name(…)` of kind function or both, in an expression."""

    def run_action(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        """`domain:name(…)` of kind action or both, in an action block."""

    def send_directive(self, name: Value, options: Value) -> Value:
        """The standard action `send_directive`."""

    def raise_event(self, domain: str | None, event: Value, for_rid: Value, attributes: Value) -> None:
        """`raise …`; without a domain `event` is "domain:type"."""

    def schedule(
        self,
        domain: str | None,
        event: Value,
        kind: Literal["at", "repeat"],
        timing: Value,
        attributes: Value,
    ) -> Value:
        """`schedule …`; the new entry."""

    def log(self, level: str, message: Value, value: Value) -> None:
        """`log level value` and `klog`: level is error, warn, info, debug or klog."""

    def raise_error(self, level: str, value: Value) -> None:
        """`error level value`."""

    def choose_sample(self, count: int) -> int:
        """A recorded random index below `count`, for `sample`."""

    def fired(self) -> None:
        """One iteration of the running rule fired."""
