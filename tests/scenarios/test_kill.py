"""An engine killed with SIGKILL at random instants, while it acknowledges events, loses and doubles none."""

from __future__ import annotations

import random

import pytest

from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.commands.traffic import Senders, Traffic, count_tickets, judge, send_again

KILLS = 6
"""In each of the four tests below: 24 in all."""


def kill_in_traffic(
    process: EngineProcess, client: EngineClient, eci: str, prefix: str, chance: random.Random
) -> Traffic:
    """Half of the senders wait for the outcome, half only for the promise; then the engine is killed."""
    waiting = Senders(client.url, eci, 3, f"{prefix}-waiting")
    trusting = Senders(client.url, eci, 3, f"{prefix}-trusting", waits=False)
    waiting.start()
    trusting.start()
    chance.choice((waiting, trusting)).wait_acknowledged(chance.randint(1, 60))
    process.kill()
    first, second = waiting.wait_gone(), trusting.wait_gone()
    return Traffic(first.acknowledged + second.acknowledged, first.unanswered + second.unanswered)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_acknowledged_is_lost_and_nothing_runs_twice(process: EngineProcess, seed: int) -> None:
    """After each kill every acknowledged ticket is counted once; unanswered ones, sent again, as well."""
    chance = random.Random(seed)
    client = process.start()
    root = client.root_eci()
    install_ruleset(client, root, counter_ruleset().as_uri(), {})
    everything: list[str] = []
    for number in range(KILLS):
        traffic = kill_in_traffic(process, client, root, f"{seed}-{number}", chance)
        client = process.start()
        # Also a barrier: these run after what the engine had accepted before it died.
        send_again(client, root, traffic.unanswered)
        everything += traffic.acknowledged + traffic.unanswered
        counted = count_tickets(client, root)
        verdict = judge(everything, counted)
        assert verdict.is_clean, f"kill {number} of seed {seed}: {verdict}"
        assert len(counted) == len(everything)


def test_the_judge_sees_what_is_lost_and_what_is_doubled() -> None:
    """The proof above can fail."""
    verdict = judge(["a", "b"], {"b": 2, "c": 1})
    assert (verdict.lost, verdict.doubled, verdict.is_clean) == (("a",), ("b",), False)
