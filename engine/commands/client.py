"""A running engine as the commands reach it: over HTTP, with its problems turned into failures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar
from urllib.parse import quote

import click
import httpx

from engine.adapters.http import WITHHELD, read_run_file
from engine.commands.failure import Failure, NoEngine
from engine.commands.pico_paths import eci_at, path_in, tagged
from engine.commands.whereabouts import find_token
from engine.config import TOKEN, default_home
from engine.core.cids import NotACid, named_text, to_url
from engine.core.multiformats import to_multibase

F = TypeVar("F", bound=Callable[..., Any])

PATIENCE_S = 3600
"""For what is done with all picos of an engine."""

CHANNELS = ("io.picolabs.wrangler", "channels")

SILENCE_S = 45.0
"""An engine says something more often than that to whoever listens, be it nothing."""

KEEP_S = 2.0
"""For so long a connection is used again: well below the five seconds after which the engine closes one, or a
request would now and then meet its end."""


class EngineClient:
    """Requests to one engine, over connections that are closed with it."""

    def __init__(self, url: str, timeout_s: float = 60, token: str | None = None) -> None:
        """Without a token it is the one of the engine's home, if that is ours to read."""
        self.url = url.rstrip("/")
        self._is_given = token is not None
        self._token = token or find_token(self.url)
        # An engine is addressed directly; what a proxy in the environment is for is the outside.
        self._http = httpx.Client(
            base_url=self.url,
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(keepalive_expiry=KEEP_S),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def send_event(
        self, eci: str, event: tuple[str, str], attrs: Mapping[str, Any], eid: str | None = None
    ) -> dict[str, Any]:
        """Run an event; its id and directives."""
        found: dict[str, Any] = self._post(("c", self.eci(eci), "event-wait", *event), attrs, eid)
        return found

    def accept_event(
        self, eci: str, event: tuple[str, str], attrs: Mapping[str, Any], eid: str | None = None
    ) -> str:
        """Have an event kept, to be run soon; its id."""
        return str(self._post(("c", self.eci(eci), "event", *event), attrs, eid))

    def query(self, eci: str, query: tuple[str, str], arguments: Mapping[str, Any]) -> Any:
        """The value of a shared function."""
        return self._post(("c", self.eci(eci), "query", *query), arguments)

    def evaluate(self, eci: str, rid: str | None, texts: Sequence[str]) -> dict[str, Any]:
        """What the last text comes to on a pico's state; the others are what it may mention."""
        body = {"eci": self.eci(eci), "rid": rid, "texts": list(texts)}
        found: dict[str, Any] = self._post(("api", "evaluate"), body)
        return found

    def install(self, eci: str, url: str, config: Mapping[str, object]) -> None:
        """Have the engine itself install a ruleset, whatever state the pico's own are in."""
        self._post(("api", "install"), {"eci": self.eci(eci), "url": url, "config": config})

    def tree(self) -> dict[str, Any]:
        """The root pico and all below it."""
        found: dict[str, Any] = self._get("/api/tree")
        return found

    def past(self, question: str, **words: str | int | None) -> dict[str, Any]:
        """What an engine tells of what was: see `engine.adapters.http.past`."""
        given = {key: value for key, value in words.items() if value is not None}
        if "eci" in given:
            given["eci"] = self.eci(str(given["eci"]))
        found: dict[str, Any] = self._read(self._call("GET", f"/api/{question}", params=given))
        return found

    def fork(self, eci: str, at: int | None = None) -> dict[str, Any]:
        """Make a pico that begins as another is, or was after some turn."""
        words: dict[str, Any] = {"eci": self.eci(eci)} | ({} if at is None else {"at": at})
        found: dict[str, Any] = self._post(("api", "fork"), words)
        return found

    def upgrade(self, rid: str, source: str | None, eci: str | None) -> dict[str, Any]:
        """Bring a new text of a ruleset into force on a pico, or on all that have it."""
        return self._change_text(rid, "upgrade", {"url": source, "eci": eci})

    def try_upgrade(self, rid: str, source: str | None, eci: str | None, events: int) -> dict[str, Any]:
        """What it would have come to, had it been in force during the last events."""
        return self._change_text(rid, "upgrade", {"url": source, "eci": eci, "try": True, "events": events})

    def roll_back(self, rid: str, eci: str | None, state: str | None) -> dict[str, Any]:
        """Put the previous text of a ruleset back on a pico, or on all that had another one."""
        return self._change_text(rid, "rollback", {"eci": eci, "state": state})

    def _change_text(self, rid: str, how: str, words: Mapping[str, Any]) -> dict[str, Any]:
        given = {key: value for key, value in words.items() if value is not None}
        if "eci" in given:
            given["eci"] = self.eci(given["eci"])
        path = f"/api/rulesets/{quote(rid, safe='')}/{how}"
        found: dict[str, Any] = self._read(self._call("POST", path, json=given, timeout=PATIENCE_S))
        return found

    def push_ruleset(self, text: str) -> dict[str, Any]:
        """Have a ruleset's text kept; what it is, with its CID."""
        sent = self._call("POST", "/api/rulesets", content=text.encode())
        found: dict[str, Any] = self._read(sent)
        return found

    def sign_ruleset(self, cid: str, signature: str) -> dict[str, Any]:
        """Have an author's signature of a kept text kept too."""
        sent = self._call("POST", f"/api/rulesets/{cid}/signatures", content=signature.encode())
        found: dict[str, Any] = self._read(sent)
        return found

    def rulesets(self, eci: str | None = None) -> list[dict[str, Any]]:
        """The rulesets that the engine keeps, or that a pico has."""
        given = {} if eci is None else {"eci": self.eci(eci)}
        found: list[dict[str, Any]] = self._read(self._call("GET", "/api/rulesets", params=given))["rulesets"]
        return found

    def ruleset_text(self, cid: str) -> str:
        """The text of a kept ruleset."""
        answer = self._call("GET", f"/api/rulesets/{cid}")
        return answer.text if answer.is_success else str(self._read(answer))

    def modules(self) -> dict[str, Any]:
        """What rulesets can call, and which pico may."""
        found: dict[str, Any] = self._get("/api/modules")
        return found

    def grant(self, eci: str, module: str, granted: bool) -> dict[str, Any]:
        """Say whether a pico may use a module."""
        words = {"eci": self.eci(eci), "module": module}
        found: dict[str, Any] = self._post(("api", "grant" if granted else "revoke"), words)
        return found

    def assistants(self) -> dict[str, Any]:
        """What AI assistants may do."""
        found: dict[str, Any] = self._get("/api/assistants")
        return found

    def decide_assistants(self, eci: str, words: Sequence[str], granted: bool) -> dict[str, Any]:
        """Grant them something of a pico, or take it back."""
        given = {"eci": self.eci(eci), "words": list(words), "granted": granted}
        found: dict[str, Any] = self._post(("api", "assistants"), given)
        return found

    def assistant(self, what: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What an assistant asks: tools, call, resources, read."""
        if what == "call":
            called: dict[str, Any] = self._post(("api", "assistants", what), given or {})
            return called
        found: dict[str, Any] = self._read(self._call("GET", f"/api/assistants/{what}", params=given))
        return found

    def seal(self, eci: str | None = None, **words: Any) -> dict[str, Any]:
        """Seal a pico, or all, now; or say how many copies there are to be, and where."""
        given = {key: value for key, value in words.items() if value is not None}
        named = {} if eci is None else {"eci": self.eci(eci)}
        answer = self._call("POST", "/api/seal", json={**given, **named}, timeout=PATIENCE_S)
        sealed: dict[str, Any] = self._read(answer)
        return sealed

    def seal_history(self, eci: str) -> dict[str, Any]:
        """The sealed heads of a pico."""
        found: dict[str, Any] = self._read(
            self._call("GET", "/api/seal/history", params={"eci": self.eci(eci)})
        )
        return found

    def show_head(self, block: bytes) -> dict[str, Any]:
        """Have a head that was found elsewhere held against those that the engine knows."""
        told: dict[str, Any] = self._post(("api", "seal", "seen"), {"head": to_multibase("u", block)})
        return told

    def name_owner(self, owner: Mapping[str, Any]) -> dict[str, Any]:
        """Have states sealed for the holder of this key too, and logs promise what is known of it."""
        named: dict[str, Any] = self._post(("api", "seal", "owners"), {"owners": [owner]})
        return named

    def remove_owner(self, owner: Mapping[str, Any]) -> dict[str, Any]:
        """Have nothing sealed for that one any more, and logs promise them nothing."""
        answer = self._call("POST", "/api/seal/owners", json={"remove": owner}, timeout=PATIENCE_S)
        told: dict[str, Any] = self._read(answer)
        return told

    def forget_others(self, eci: str) -> dict[str, Any]:
        """Have the log of a pico promise its owners' keys alone."""
        told: dict[str, Any] = self._post(("api", "seal", "owners"), {"eci": self.eci(eci), "only": True})
        return told

    def seal_owners(self, eci: str | None = None) -> dict[str, Any]:
        """For whom states are sealed besides the engine, here or those of a pico."""
        given = {} if eci is None else {"eci": self.eci(eci)}
        found: dict[str, Any] = self._read(self._call("GET", "/api/seal/owners", params=given))
        return found

    def move(self, eci: str, to: str, reason: str, price: int = 0) -> dict[str, Any]:
        """Have a pico move to another engine."""
        words = {"eci": self.eci(eci), "to": to, "reason": reason, "price": price}
        begun: dict[str, Any] = self._post(("api", "moves"), words)
        return begun

    def moves(self) -> list[dict[str, Any]]:
        """The picos that move, came or went."""
        found: list[dict[str, Any]] = self._get("/api/moves")["moves"]
        return found

    def where(self, did: str) -> dict[str, Any]:
        """Where a pico lives."""
        found: dict[str, Any] = self._read(self._call("GET", "/api/where", params={"did": did}))
        return found

    def stores(self) -> dict[str, Any]:
        """The stores of blocks, and how they are."""
        found: dict[str, Any] = self._get("/api/stores")
        return found

    def collect(self) -> dict[str, Any]:
        """Remove blocks that nothing needs."""
        collected: dict[str, Any] = self._read(
            self._call("POST", "/api/stores/collect", json={}, timeout=PATIENCE_S)
        )
        return collected

    def did(self, eci: str | None = None) -> dict[str, Any]:
        """The DID of the engine, or of a channel."""
        given = {} if eci is None else {"eci": self.eci(eci)}
        found: dict[str, Any] = self._read(self._call("GET", "/api/did", params=given))
        return found

    def invite(self, eci: str, words: Mapping[str, Any]) -> dict[str, Any]:
        """Have a pico invite somebody."""
        given = {key: value for key, value in words.items() if value is not None}
        found: dict[str, Any] = self._post(("api", "invite"), {**given, "eci": self.eci(eci)})
        return found

    def connect(self, eci: str, invitation: str, label: str | None) -> dict[str, Any]:
        """Have a pico accept an invitation."""
        given = {"eci": self.eci(eci), "url": invitation} | ({} if label is None else {"label": label})
        found: dict[str, Any] = self._post(("api", "connect"), given)
        return found

    def rotate(self, eci: str) -> dict[str, Any]:
        """Give a channel a new DID, and tell those who know the old one."""
        found: dict[str, Any] = self._post(("api", "rotate"), {"eci": self.eci(eci)})
        return found

    def life(self, eci: str, **words: str | bool | None) -> dict[str, Any]:
        """The name that a pico has for life, and its log; or what becomes of it."""
        given = {key: value for key, value in words.items() if value is not None}
        found: dict[str, Any] = self._post(("api", "did", "log"), {**given, "eci": self.eci(eci)})
        return found

    def vouch(self, eci: str, words: Mapping[str, Any]) -> dict[str, Any]:
        """Have a pico issue a credential."""
        issued: dict[str, Any] = self._post(("api", "credential"), {**words, "eci": self.eci(eci)})
        return issued

    def name_guardians(self, eci: str, words: Mapping[str, Any]) -> dict[str, Any]:
        """Have a pico's log name those who together can take it back."""
        named: dict[str, Any] = self._post(("api", "did", "guardians"), {**words, "eci": self.eci(eci)})
        return named

    def request_change(self, eci: str, change: str, words: Mapping[str, Any]) -> str:
        """The text of a request to those who have to sign or approve a change of a pico's log."""
        given = {**words, "change": change, "eci": self.eci(eci)}
        return str(self._post(("api", "did", "request"), given)["request"])

    def log_of(self, did: str) -> dict[str, Any]:
        """The log that proves a name for life, if the engine knows it."""
        found: dict[str, Any] = self._read(self._call("GET", "/api/did/log", params={"did": did}))
        return found

    def engines(self, all: bool = False, now: bool = False) -> dict[str, Any]:
        """The engines that this one knows, and what it is itself; all: also those it has heard of; now: after
        it has asked them."""
        given = {name: "true" for name, is_wanted in (("all", all), ("now", now)) if is_wanted}
        answer = self._call("POST" if now else "GET", "/api/engines", params=given, timeout=PATIENCE_S)
        found: dict[str, Any] = self._read(answer)
        return found

    def change_engines(self, what: str, **words: Any) -> dict[str, Any]:
        """Invite, add, change or remove one: see `engine.adapters.http.engines`."""
        given = {name: value for name, value in words.items() if value is not None}
        answer = self._call("POST", f"/api/engines/{what}", json=given)
        found: dict[str, Any] = self._read(answer)
        return found

    def drain(self, engines: Sequence[str], reason: str) -> dict[str, Any]:
        """Begin to send all picos to these engines; how far it is."""
        begun: dict[str, Any] = self._post(("api", "drain"), {"engines": list(engines), "reason": reason})
        return begun

    def drained(self) -> dict[str, Any]:
        """How far that is."""
        found: dict[str, Any] = self._get("/api/drain")
        return found

    def acceptance(self, wishes: Mapping[str, Any]) -> dict[str, Any]:
        """Whose picos may come, with these changes if there are any."""
        if not wishes:
            told: dict[str, Any] = self._get("/api/engines/accept")
            return told
        return self.change_engines("accept", **wishes)

    def root_eci(self) -> str:
        """A channel to the root pico; for whoever may look and is told no channel, its id."""
        found = self._get("/api/engine")
        return str(found["root"] if found["root_eci"] == WITHHELD else found["root_eci"])

    def login_link(self, scope: str = "admin") -> dict[str, Any]:
        """A URL that lets a browser in, once."""
        made: dict[str, Any] = self._post(("api", "login-links"), {"scope": scope})
        return {"url": self.url + made["path"], "scope": made["scope"], "lasts_s": made["lasts_s"]}

    def tokens(self) -> list[dict[str, Any]]:
        """All that lets somebody in, but the secrets."""
        found: list[dict[str, Any]] = self._get("/api/tokens")["tokens"]
        return found

    def create_token(self, name: str, scope: str, lasts_s: int | None) -> dict[str, Any]:
        """A new one, with its secret."""
        words = {"name": name, "scope": scope} | ({} if lasts_s is None else {"lasts": lasts_s})
        made: dict[str, Any] = self._post(("api", "tokens"), words)
        return made

    def revoke_token(self, id: str) -> dict[str, Any]:
        ended: dict[str, Any] = self._read(self._call("DELETE", f"/api/tokens/{quote(id, safe='')}"))
        return ended

    def eci(self, given: str) -> str:
        """Of a pico that is called by its names, or what was given."""
        path = path_in(given)
        if path is None:
            return given
        eci = eci_at(self.tree(), path.names) if path.names else self.root_eci()
        return eci if path.tag is None else tagged(self.query(eci, CHANNELS, {}), path)

    def _get(self, path: str) -> Any:
        return self._read(self._call("GET", path))

    def _post(self, parts: tuple[str, ...], body: Mapping[str, Any], eid: str | None = None) -> Any:
        path = "/" + "/".join(quote(part, safe="") for part in parts)
        headers = {} if eid is None else {"Idempotency-Key": eid}
        return self._read(self._call("POST", path, json=body, headers=headers))

    def _call(self, method: str, path: str, **rest: Any) -> httpx.Response:
        answer = self._send(method, path, **rest)
        if answer.status_code == 401 and not self._is_given:
            fresh = find_token(self.url)
            if fresh is not None and fresh != self._token:  # the engine was started again meanwhile
                self._token = fresh
                answer = self._send(method, path, **rest)
        return answer

    def system(self) -> dict[str, Any]:
        """How the engine is, in figures."""
        found: dict[str, Any] = self._get("/api/system")
        return found

    @contextmanager
    def stream(self, path: str, given: Mapping[str, str]) -> Iterator[Iterator[str]]:
        """The lines of an answer that goes on, on a connection of its own."""
        timeout = httpx.Timeout(10.0, read=SILENCE_S)
        try:
            with self._http.stream(
                "GET", path, params=dict(given), headers=self.credentials(), timeout=timeout
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    self._read(answer)
                yield answer.iter_lines()
        except (httpx.TransportError, httpx.StreamError) as error:
            raise NoEngine(f"no engine answers at {self.url} ({error})") from None

    def credentials(self) -> dict[str, str]:
        """The headers that let whoever sends them in."""
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        headers = {**rest.pop("headers", {}), **self.credentials()}
        try:
            return self._http.request(method, path, headers=headers, **rest)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise NoEngine(
                f"no engine answers at {self.url} ({error})",
                "start one with `picomesh serve`, or name another with --url",
            ) from None

    def _read(self, response: httpx.Response) -> Any:
        try:
            found = response.json()
        except json.JSONDecodeError:
            raise NoEngine(f"what answers at {self.url} is no Picomesh engine") from None
        if not response.is_success:  # also where it says that the pico is on another engine by now
            raise _failure(found)
        return found


def _failure(problem: Mapping[str, Any]) -> Failure:
    """A problem of the engine, with the places in the ruleset if it names them."""
    message = f"{problem.get('detail', problem)} [{problem.get('code')}]"
    places = problem.get("places", ())
    for place in places:
        message += f"\n  at {place['rid']}, line {place['line']} column {place['column']}, {place['within']}"
    return Failure(message, problem.get("hint"), places, problem.get("code"))


def find_engine(url: str | None) -> EngineClient:
    """The engine that was named, or else the one of the default home."""
    token = os.environ.get(TOKEN) or None
    if url is not None:
        return EngineClient(url, token=token)
    home = default_home()
    note = read_run_file(home)
    if note is None:
        raise NoEngine(
            f"no engine has left its address in {home}",
            "`picomesh serve` in another terminal, or name an engine with --url or PICOMESH_URL",
        )
    return EngineClient(note.url, token=token)


def engine_option(command: F) -> F:
    """Adds --url; the command gets it as `url`."""
    return click.option(
        "--url",
        envvar="PICOMESH_URL",
        metavar="URL",
        help="The engine; else PICOMESH_URL, else the one that runs on the default home.",
    )(command)


def ruleset_url(word: str) -> str | None:
    """A ruleset's URL from what people write, if it is one, or a CID; None when it is the name of a file."""
    try:
        digest = named_text(word)
    except NotACid as problem:
        raise Failure(str(problem), "`picomesh rulesets` lists what the engine keeps") from None
    if digest is not None:
        return to_url(digest)
    return word if "://" in word or word.startswith(("file:", "library:")) else None
