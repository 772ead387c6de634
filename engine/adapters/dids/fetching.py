"""One text from the web, for a DID: over HTTPS, from where the name says and from nowhere else.

The client that is handed in bounds time and bytes, and judges addresses (`engine.ports.WebClient`).
"""

from __future__ import annotations

from engine.adapters.dids.refused import DidRefused
from engine.ports import WebClient, WebFailed, WebRequest

ACCEPT = "application/did+json, application/json, text/jsonl, */*;q=0.1"


async def fetch_text(web: WebClient, url: str, most: int) -> str:
    """A redirect is not followed: the name says where its document is, and plain HTTP would prove nothing."""
    request = WebRequest("GET", url, {"accept": ACCEPT}, follows_redirects=False)
    try:
        response = await web.send(request)
    except WebFailed as problem:
        raise DidRefused("unreachable", str(problem)) from None
    if response.status in (404, 410):
        raise DidRefused("not-found", f"there is no {url}")
    if response.status != 200:
        raise DidRefused("unreachable", f"{url} answered {response.status} {response.reason}, not 200 OK")
    if len(response.content) > most:
        raise DidRefused("too-large", f"{url} has more than {most:,} characters")
    return response.content
