"""What the picos of a simulation do, and a model of it: they remember every event, and what all make."""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.fetch.rulesets import RulesetTexts
from engine.ports import FetchFailed

COUNTER_URL = "https://krl.example/count.krl"
COUNTER = """
ruleset count {
  meta { shares seen, sum }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    sum = function() { ent:sum.defaultsTo(7) }
  }
  rule one {
    select when far hello
    pre { place = seen().length() }
    send_directive("heard", {"n": event:attrs{"n"}, "place": place})
    fired {
      ent:seen := seen().append(event:attrs{"n"});
      ent:sum := (sum() * 31 + event:attrs{"n"}) % 1000003
    }
  }
}
"""


class Texts:
    """`engine.ports.RulesetSource`: what comes with the engine, and this."""

    def __init__(self) -> None:
        self._library = RulesetTexts()

    async def fetch(self, url: str) -> str:
        if url == COUNTER_URL:
            return COUNTER
        if url.startswith("library:"):
            return await self._library.fetch(url)
        raise FetchFailed(f"there is no {url} in this world")


def summed(seen: Sequence[int]) -> int:
    """Another number if events come in another order."""
    sum = 7
    for n in seen:
        sum = (sum * 31 + n) % 1_000_003
    return sum
