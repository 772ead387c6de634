"""What a table of routes says: for each path its handler, a line for those who look it up, and who may come.

A route without a surface cannot be written, so none is open because somebody forgot to close it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from engine.adapters.http.host import Host
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.streams import Stream
from engine.core.access import TokenScope

Handler = Callable[[Host, Request], Awaitable[Reply | Stream]]

LOOKING = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Who may use a route: what scope looking takes, and what scope anything else."""

    look: TokenScope | None
    """None: anybody."""
    change: TokenScope | None
    why: str = ""
    """Why a stranger may."""
    is_page: bool = False
    """Whoever has to log in first is sent where that is done."""
    opens: bool = False
    """Whether `serve --open-ui` lets everybody on this machine use it."""

    def needed(self, method: str) -> TokenScope | None:
        return self.look if method in LOOKING else self.change

    @property
    def is_guarded(self) -> bool:
        """Whether only pages of the engine itself may see what it answers."""
        return self.is_page or not self.is_public

    @property
    def is_public(self) -> bool:
        return self.look is None

    def __str__(self) -> str:
        if self.is_public:
            return "public"
        return str(self.look) if self.look == self.change else f"{self.look}, {self.change}"


def public(why: str, is_page: bool = False) -> Surface:
    """A route that anybody may use, and why that has to be."""
    return Surface(None, None, why, is_page)


def page(scope: TokenScope) -> Surface:
    """A page for browsers."""
    return Surface(scope, scope, is_page=True)


MCP = Surface("mcp", "mcp")
READ = Surface("read", "read")
SEND = Surface("send", "send")
ADMIN = Surface("admin", "admin")
SEND_ADMIN = Surface("send", "admin")
OPEN_SEND = Surface("send", "send", opens=True)
OPEN_ADMIN = Surface("admin", "admin", opens=True)
READ_ADMIN = Surface("read", "admin")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route."""

    handler: Handler
    about: str
    surface: Surface


Routes = Mapping[str, Endpoint]
