"""`/metrics`: how an engine is and how fast it answers, as Prometheus reads it.

How long requests take is noted as they are answered; all else is counted when somebody asks, by those who
know, so that it costs nothing before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from engine.adapters.http.host import Host
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import READ, Endpoint, Routes
from engine.adapters.http.system import tell_system
from engine.runtime.feed import Feed

Document = Mapping[str, Any]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PICO_KINDS = frozenset(("event", "event-wait", "query"))
SKY_KINDS = {"event": "event-wait", "cloud": "query"}
OTHERS = frozenset(("api", "ui", "didcomm", "mcp"))


class Meters:
    """What is noted while an application runs. Counting is done by hand, since each event is counted, and a
    `prometheus_client.Histogram` takes eight times as long for it."""

    def __init__(self) -> None:
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._counts: dict[tuple[str, int], list[int]] = {}
        """For each kind and class of status, how many took so long at most, and one more for what took
        longer."""
        self._sums: dict[tuple[str, int], float] = {}

    def note(self, kind: str, status: int, took_s: float) -> None:
        key = kind, status // 100
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0] * (len(SECONDS) + 1)
            self._sums[key] = 0.0
        counts[bisect_left(SECONDS, took_s)] += 1
        self._sums[key] += took_s

    def text(self, families: Iterable[Metric]) -> bytes:
        now = CollectorRegistry()
        now.register(_Counted([self._requests(), *families]))
        return generate_latest(self._process) + generate_latest(now)

    def _requests(self) -> Metric:
        about = "how long requests took, by what they were about and the class of the status"
        family = HistogramMetricFamily("picomesh_request_seconds", about, labels=["kind", "status"])
        for (kind, hundreds), counts in self._counts.items():
            most = [*map(str, SECONDS), "+Inf"]
            buckets = list(zip(most, accumulate(counts), strict=True))
            family.add_metric([kind, f"{hundreds}xx"], buckets, self._sums[kind, hundreds])
        return family


class _Counted(Collector):
    """What was counted just now."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def kind_of(path: str) -> str:
    """What a request is about, in few words: each is a series of its own."""
    parts = path.split("/", 4)
    if parts[1] == "c" and len(parts) == 5:
        return parts[3] if parts[3] in PICO_KINDS else "other"
    if parts[1] == "sky" and len(parts) > 2:
        return SKY_KINDS.get(parts[2], "other")
    return parts[1] if parts[1] in OTHERS else "other"


async def _metrics(host: Host, request: Request) -> Reply:
    meters: Meters = request.scope["meters"]
    told = await tell_system(host)
    families = [*_of_turns(host.feed), *_of_engine(told), *_of_stores(told["stores"] or {})]
    return Reply(meters.text(families), headers=((b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode()),))


def _of_turns(feed: Feed) -> Iterator[Metric]:
    turns = CounterMetricFamily("picomesh_turns", "turns that are durable", labels=["outcome"])
    turns.add_metric(["done"], feed.turns - feed.failed)
    turns.add_metric(["failed"], feed.failed)
    yield turns
    yield CounterMetricFamily("picomesh_picos_born", "picos that were born here, or came", feed.born)
    yield CounterMetricFamily("picomesh_picos_ended", "picos that were deleted", feed.ended)
    yield GaugeMetricFamily("picomesh_streams", "who listens to live events", feed.watchers)


def _of_engine(told: Document) -> Iterator[Metric]:
    yield _gauge("picomesh_info", "which version this is", "version", {told["version"]: 1})
    yield GaugeMetricFamily("picomesh_up_seconds", "since it started", told["up_s"])
    yield _gauge("picomesh_picos", "picos, and those of them in memory", "state", told["picos"])
    queues, mail = told["queues"], told["queues"]["mail"]
    waiting = {
        "events": queues["events"],
        "outbox": queues["errands"],
        "timers": queues["timers"]["count"],
        "mail": mail["messages"],
    }
    yield _gauge(
        "picomesh_queue",
        "what waits: events, what is to be asked or sent outside, timers, mail",
        "of",
        waiting,
    )
    yield GaugeMetricFamily("picomesh_mail_bytes", "mail that waits for others", mail["bytes"])
    yield _gauge(
        "picomesh_moves",
        "picos that move, those that ever did, and those that failed to",
        "state",
        told["moves"],
    )
    yield GaugeMetricFamily("picomesh_rulesets", "texts that are kept", told["rulesets"])
    yield _gauge(
        "picomesh_storage_bytes", "what it takes and what is free, disk and memory", "of", told["room"]
    )


def _of_stores(told: Document) -> Iterator[Metric]:
    """Of blocks. A store that fails is here with what fails, and no reason for having nothing here."""
    if "local" not in told:
        return
    local = told["local"]
    yield GaugeMetricFamily("picomesh_blocks", "blocks that are kept here", local["blocks"])
    yield GaugeMetricFamily("picomesh_blocks_bytes", "bytes of them", local["bytes"])
    yield GaugeMetricFamily("picomesh_seals_waiting", "picos that are to be sealed", told["waiting"])
    yield GaugeMetricFamily(
        "picomesh_seals_troubled", "picos that could not be sealed", len(told["troubles"])
    )
    yield GaugeMetricFamily(
        "picomesh_evidence", "pairs of heads that contradict each other", _total(told["evidence"])
    )
    stores = {one["name"]: one for one in told["others"]}
    for name, about in STORE_GAUGES.items():
        yield _gauge(f"picomesh_store_{name}", about, "store", {one: at[name] for one, at in stores.items()})
    up = {one: int(at["problem"] is None) for one, at in stores.items()}
    yield _gauge("picomesh_store_up", "whether it answers as it should", "store", up)
    latencies = {one: at["latency_ms"] / 1000 for one, at in stores.items() if at["latency_ms"] is not None}
    yield _gauge("picomesh_store_latency_seconds", "how long it takes to answer", "store", latencies)
    for name, about in STORE_COUNTERS.items():
        family = CounterMetricFamily(f"picomesh_store_{name}", about, labels=["store"])
        for one, at in stores.items():
            family.add_metric([one], at[name])
        yield family
    failed = CounterMetricFamily("picomesh_store_failures", "what it failed in", labels=["store", "how"])
    for one, at in stores.items():
        for how, count in at["failed"].items():
            failed.add_metric([one, str(how)], count)
    yield failed


STORE_GAUGES = {"waiting": "states that it is to have and has not yet"}
STORE_COUNTERS = {
    "blocks_sent": "blocks that it took",
    "bytes_sent": "bytes of them",
    "blocks_got": "blocks that it gave",
}


def _gauge(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _total(evidence: Any) -> int:
    return sum(evidence.values()) if isinstance(evidence, Mapping) else int(evidence)


ROUTES: Routes = {"/metrics": Endpoint(_metrics, "how the engine is, as Prometheus reads it", READ)}
