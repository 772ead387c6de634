"""A web of one site that needs no network: requests are answered by a function and remembered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from engine.ports import WebFailed, WebRefused, WebRequest, WebResponse
from tests.engine.loopback_site import Handler

SITE = "site.example"
PRIVATE = "private.example"
"""It is there too, but rulesets may not reach it."""

MOST_REDIRECTS = 5


@dataclass
class FakeWeb:
    """`engine.ports.WebClient`."""

    handler: Handler
    requests: list[WebRequest] = field(default_factory=list)
    """Those that arrived, redirects too."""

    async def send(self, request: WebRequest) -> WebResponse:
        for _ in range(MOST_REDIRECTS + 1):
            response = self._answer(request)
            if response.status not in (301, 302, 303, 307) or not request.follows_redirects:
                return response
            request = _redirect(request, response)
        raise WebFailed(f"more than {MOST_REDIRECTS} redirects")

    def _answer(self, request: WebRequest) -> WebResponse:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https") or parts.hostname == PRIVATE:
            raise WebRefused(f"{request.url} may not be reached")
        if parts.hostname != SITE:
            raise WebFailed(f"there is no host {parts.hostname}")
        self.requests.append(request)
        target = parts._replace(scheme="", netloc="").geturl()
        response = self.handler(replace(request, url=target))
        if response is None:
            raise WebFailed("no answer in time")
        return response


def _redirect(request: WebRequest, response: WebResponse) -> WebRequest:
    url = urljoin(request.url, response.headers["location"])
    if response.status == 307:
        return replace(request, url=url)
    return replace(request, url=url, method="GET", body=None)
