"""Who is let in to a route: whoever has a token, or the cookie of a login and a page of ours in front of
them.

Everything here is asked of the head of a request, before anything of its body is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import Scope

from engine.adapters.http.problems import Problem
from engine.adapters.http.rates import Rates
from engine.adapters.http.replies import Headers as Fields
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import LOOKING, Surface
from engine.core.access import MEANING, Pass, TokenScope
from engine.runtime.access import Access

Headers = Mapping[str, str]

HOW = (
    "the owner of the engine's home needs nothing; elsewhere set PICOMESH_TOKEN, or send "
    "`Authorization: Bearer TOKEN`, with a token that `picomesh token create` made; `picomesh login` lets a "
    "browser in"
)
OURS = frozenset(("same-origin", "none"))
"""What a browser says of a request that no other site has made (Fetch Metadata)."""


@dataclass(frozen=True, slots=True)
class GateRules:
    """What is let through at the gate."""

    hosts: frozenset[str] = frozenset()
    """Names by which the engine is called, besides addresses and localhost."""
    origins: frozenset[str] = frozenset()
    """Where its pages come from if a proxy stands in front of it, as `https://name`."""
    is_open_ui: bool = False
    """Whether old user interfaces on this machine need no login for what they begin with."""


class Gate:
    def __init__(self, access: Access, rules: GateRules, failures: Rates) -> None:
        self._access = access
        self._rules = rules
        self._failures = failures
        self.cookie = f"picomesh_{access.mark()}"

    def admit(self, surface: Surface, method: str, headers: Headers) -> Pass | None:
        """Whoever comes, if they may; None for strangers where those may. Raises `Problem`."""
        needed = surface.needed(method)
        if needed is None:
            return None
        self.demand_known_host(headers)
        if surface.opens and self._rules.is_open_ui:
            demand_no_other_site(headers)
            return None
        shown = self._identify(headers)
        if shown is None:
            raise nobody(needed)
        if shown.kind == "session":
            self._demand_our_page(surface, method, headers)
        if not shown.allows(needed):
            raise _too_little(shown, needed)
        return shown

    def demand_known_host(self, headers: Headers) -> None:
        """A site that has its name stand for this machine would otherwise be of one origin with us (DNS
        rebinding). Addresses cannot be made to stand for others."""
        host = headers.get("host", "")
        name = host_name(host)
        if (
            name == "localhost"
            or name.endswith(".localhost")
            or name in self._rules.hosts
            or _is_address(name)
        ):
            return
        raise Problem(
            421,
            "host",
            f"this engine is not called '{name}'",
            hint="call it by its address, or have the setting public_url or hosts say that name",
        )

    def opened_to(self, surface: Surface, scope: Scope) -> Fields:
        """What lets a page of this machine read the answer, where `--open-ui` lets it ask."""
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        if not (surface.opens and self._rules.is_open_ui and _is_loopback(_host_in(origin))):
            return ()
        return ((b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin"))

    def session_of(self, headers: Headers) -> str | None:
        """The secret in the cookie."""
        return read_cookie(headers.get("cookie", ""), self.cookie)

    def note_failure(self, address: str) -> None:
        """Somebody has typed what lets nobody in. Raises `Problem` when that was too often."""
        if not self._failures.take(address):
            raise Problem(429, "rate", "too many wrong codes came from there", hint="wait a minute")

    def _identify(self, headers: Headers) -> Pass | None:
        given = headers.get("authorization")
        secret = self.session_of(headers) if given is None else read_bearer(given)
        if secret is None:
            return None
        shown = self._access.identify(secret)
        if shown is None or (given is not None) == (shown.kind == "session"):
            raise Problem(
                401,
                "token",
                "what was shown lets nobody in: it is none of this engine's, has ended or was revoked",
                hint=HOW,
            )
        return shown

    def _demand_our_page(self, surface: Surface, method: str, headers: Headers) -> None:
        """A cookie comes along whoever makes the browser send it, so a page of ours has to have asked (CSRF).
        What changes something takes proof of that; what looks, that nothing says otherwise."""
        is_looking = method in LOOKING
        is_opened = surface.is_page and is_looking and headers.get("sec-fetch-mode") == "navigate"
        if not is_opened and not self.is_ours(headers, is_looking):
            raise Problem(
                403,
                "cross_site",
                f"{headers.get('origin', 'another site')} has sent this with the cookie of a login",
                hint="only pages of this engine may; programs send a token (`Authorization: Bearer TOKEN`)",
            )

    def is_ours(self, headers: Headers, if_not_said: bool) -> bool:
        """Whether a page of this engine has sent it."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None:
            return origin.partition("://")[2] == headers.get("host") or origin in self._rules.origins
        return if_not_said if site is None else site in OURS


def gate_of(request: Request) -> Gate:
    """The one through which a request came."""
    gate: Gate = request.scope["gate"]
    return gate


def caller_of(request: Request) -> Pass:
    """Who sent it; only of routes that are not for everybody."""
    caller: Pass = request.scope["caller"]
    return caller


def nobody(needed: TokenScope) -> Problem:
    return Problem(401, "login", f"this takes the scope '{needed}', and nobody has logged in", hint=HOW)


def _too_little(shown: Pass, needed: TokenScope) -> Problem:
    return Problem(
        403,
        "scope",
        f"this takes the scope '{needed}' ({MEANING[needed]}); '{shown.name}' has '{shown.scope}'",
        hint=f"`picomesh token create NAME --scope {needed}` makes a token that may",
    )


def demand_no_other_site(headers: Headers) -> None:
    """`--open-ui` is for programs and pages of this machine, not for whatever site its owner looks at."""
    origin = headers.get("origin")
    is_here = origin is None or _is_loopback(_host_in(origin))
    if headers.get("sec-fetch-site") == "cross-site" or not is_here:
        raise Problem(403, "cross_site", "a page of another site asks for this", hint="log in instead")


def read_bearer(given: str) -> str | None:
    kind, _, secret = given.strip().partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def read_cookie(cookies: str, name: str) -> str | None:
    for one in cookies.split(";"):
        key, _, value = one.strip().partition("=")
        if key == name:
            return value
    return None


def _host_in(origin: str) -> str:
    return host_name(origin.partition("://")[2])


def host_name(host: str) -> str:
    """Without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)
