"""What a table of routes says: for each path its handler, and a line for those who look it up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from engine.adapters.http.host import Host
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request

Handler = Callable[[Host, Request], Awaitable[Reply]]
Routes = Mapping[str, tuple[Handler, str]]
