"""The settings of an engine: what they are, where they come from and which source wins.

Defaults, then `picomesh.toml` in the home, then the environment, then flags. A name or value that
makes no sense is an error that says where it stands and what was probably meant; nothing is ignored.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from engine.authors import NOBODY, DidKeys, read_authors
from engine.core.dids import is_did_url
from engine.did_choice import NO_DID, DidChoice, read_dids
from engine.host_patterns import NO_HOSTS, HostPatterns, read_patterns
from engine.ipfs_choice import NO_NODES, IpfsNodes, read_nodes
from engine.plugin_choice import ALL_PLUGINS, PluginChoice, read_plugins
from pico_lang.meter import Budget
from pico_lang.values import MAX_NESTING

SETTINGS_FILE = "picomesh.toml"
PREFIX = "PICOMESH_"
_TURN = Budget()
_RETRY = Budget(
    steps=20_000_000,  # two to seven seconds
    depth=100_000,  # 20,000 functions that call each other through `map`, which takes five calls a time
    string_length=10_000_000,
    collection_size=2_000_000,
    regexp_ms=2_000,
    raised_events=10_000,
)

PASSPHRASE = "PICOMESH_PASSPHRASE"
OWN_PASSPHRASE = "PICOMESH_OWN_PASSPHRASE"
"""Of keys that are not an engine's but a person's."""
EXPORT_PASSPHRASE = "PICOMESH_EXPORT_PASSPHRASE"
"""Of the keys in the file of one pico."""
NEW_PASSPHRASE = "PICOMESH_NEW_PASSPHRASE"
"""What either are to be sealed with from now on."""
TOKEN = "PICOMESH_TOKEN"
"""What commands show to an engine whose home is not theirs."""
NOT_SETTINGS = frozenset(
    {"PICOMESH_URL", TOKEN, PASSPHRASE, OWN_PASSPHRASE, EXPORT_PASSPHRASE, NEW_PASSPHRASE}
)
"""Variables of ours that are no settings of an engine: where the commands find one, and what settings must
not show."""


class BadSetting(Exception):
    """A setting that is unknown or has an impossible value. The message says where and what to do."""


def default_home() -> Path:
    """Where an engine lives, and commands look for one, when no flag says otherwise."""
    said = os.environ.get("PICOMESH_HOME")
    return Path(said) if said else Path.home() / ".picomesh"


def _setting(default: Any, about: str, **bounds: Any) -> Any:
    """A field with its documentation and, where given, `least`, `most` and `choices`."""
    return field(default=default, metadata={"about": about, **bounds})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Each field's `about` is its documentation."""

    home: Path = field(
        default_factory=default_home,
        metadata={"about": "the folder the engine lives in; made, for its owner alone, if it is not there"},
    )
    host: str = _setting("127.0.0.1", "the address to listen on; anything but loopback lets others in")
    port: int = _setting(3000, "the port to listen on; 0 takes a free one", least=0, most=65535)
    ruleset_limit: int = _setting(1 << 20, "bytes that the text of one ruleset may have", least=1)
    ruleset_authors: DidKeys = field(
        default=NOBODY,
        metadata={
            "about": "authors (did:key:z6Mk…) of whom one has to have signed a ruleset that is installed; "
            "none: anybody may have written it"
        },
    )
    compile_cpu_s: int = _setting(30, "seconds that compiling one ruleset may compute", least=1)
    compile_memory_mib: int = _setting(1024, "memory that compiling one ruleset may take", least=16)
    compile_deadline_s: float = _setting(60.0, "seconds after which compiling is ended in any case", least=0)
    body_limit: int = _setting(1 << 20, "bytes that the body of one request may have", least=1)
    json_depth: int = _setting(
        64, "how deeply the JSON of a request may be nested", least=1, most=MAX_NESTING
    )
    public_url: str = _setting(
        "", "where others reach this engine, as its DID says it; empty: where it listens", is_url=True
    )
    hosts: str = _setting(
        "", "names, with commas between them, by which browsers may call it besides localhost and public_url"
    )
    open_ui: bool = _setting(
        False, "whether /api/ui-context and /api/flush need no login, for old clients; on loopback alone"
    )
    session_h: float = _setting(168.0, "hours for which somebody who has logged in stays so", least=0.01)
    login_link_min: float = _setting(60.0, "minutes for which a link to log in is good, once", least=0.1)
    rate_per_address: float = _setting(
        500.0, "requests a second that one address may send, of IPv6 one network of 64 bits; 0: any", least=0
    )
    rate_burst: int = _setting(2_000, "requests that it may send at once", least=1)
    rate_on_loopback: bool = _setting(False, "whether that holds for this machine too")
    message_keep_h: float = _setting(
        72.0, "hours for which an event for a DID is tried again when nobody takes it", least=0
    )
    move_keep_h: float = _setting(
        168.0,
        "hours for which what comes for a pico that has moved away is sent on, and its state is kept",
        least=0,
    )
    mediator: str = _setting(
        "", "the DID of an engine that takes in mail for this one, when nobody can reach it", is_did=True
    )
    mediator_every_s: float = _setting(
        30.0, "seconds between two looks for mail there, where it does not come along by itself", least=1
    )
    mediator_for: DidChoice = field(
        default=NO_DID,
        metadata={
            "about": "for whom this engine takes in mail until they fetch it: a list of DIDs, true for "
            "anybody who asks, false for nobody"
        },
    )
    mediator_clients: int = _setting(1_000, "how many of them there may be", least=0)
    mediator_dids: int = _setting(
        1_024, "DIDs for which one of them may have mail taken in", least=1, most=1_024
    )
    mediator_messages: int = _setting(100_000, "messages that may wait for one of them", least=1)
    mediator_bytes: int = _setting(64 << 20, "bytes that may wait for one of them", least=1)
    mediator_total_bytes: int = _setting(1 << 30, "bytes that may wait for all of them", least=1)
    mediator_keep_h: float = _setting(336.0, "hours for which mail waits to be fetched", least=0)
    websockets: int = _setting(
        1_024, "connections over which messages may come and go at a time; 0: none", least=0
    )
    websocket_idle_s: float = _setting(
        60.0, "seconds for which such a connection may be idle, unless mail is to come along it", least=0
    )
    websockets_per_address: int = _setting(
        64, "how many of them one address may have, of IPv6 one network of 64 bits", least=1
    )
    engine_name: str = _setting(
        "", "what this engine calls itself to other engines; empty: engine- and eight characters of its DID"
    )
    fault_domain: str = _setting(
        "", "what it says of where it is: engines that fail together, as of one house, say the same"
    )
    advert_spreads: bool = _setting(
        True, "whether engines that know this one may tell others of it, as they do of each other"
    )
    engines_every_s: float = _setting(
        300.0, "seconds between two looks at the engines that this one knows", least=1
    )
    passphrase_file: str = _setting(
        "", "a file with the passphrase of the engine's keys; empty: PICOMESH_PASSPHRASE, or none"
    )
    log_format: str = _setting(
        "auto", "auto is readable on a terminal and JSON elsewhere", choices=("auto", "console", "json")
    )
    log_level: str = _setting(
        "info", "the least that is logged", choices=("debug", "info", "warning", "error")
    )
    drain_s: float = _setting(10.0, "seconds that requests under way may take after SIGTERM", least=0)
    picos_in_memory: int = _setting(10_000, "picos kept in memory; idle ones beyond it sleep", least=1)
    snapshot_every: int = _setting(200, "turns of a pico between two snapshots", least=1)
    pico_bytes: int = _setting(64 << 20, "bytes that one pico may hold, as its snapshot is written", least=1)
    default_channel_policy: str = _setting(
        "allow",
        "what a channel lets in that was made without a policy: everything, or with deny nothing",
        choices=("allow", "deny"),
    )
    virtual_clock: bool = _setting(
        False, "whether time stands still but for requests with a Picomesh-Time, for tests of rulesets"
    )
    turn_steps: int = _setting(_TURN.steps, "steps one turn may take before it is stopped", least=1)
    turn_depth: int = _setting(_TURN.depth, "how deeply functions may call each other", least=1)
    string_length: int = _setting(1_000_000, "characters one string may have", least=1)
    collection_size: int = _setting(_TURN.collection_size, "entries one array or map may have", least=1)
    regexp_ms: int = _setting(
        _TURN.regexp_ms, "milliseconds all regular expressions of a turn may take", least=1
    )
    raised_events: int = _setting(_TURN.raised_events, "events that one event may raise", least=0)
    workers: int = _setting(
        1, "processes for turns that reach one of these limits; 0 ends such a turn at once", least=0
    )
    worker_steps: int = _setting(_RETRY.steps, "turn_steps in a worker", least=1)
    worker_depth: int = _setting(_RETRY.depth, "turn_depth in a worker", least=1)
    worker_string_length: int = _setting(_RETRY.string_length, "string_length in a worker", least=1)
    worker_collection_size: int = _setting(_RETRY.collection_size, "collection_size in a worker", least=1)
    worker_regexp_ms: int = _setting(_RETRY.regexp_ms, "regexp_ms in a worker", least=1)
    worker_raised_events: int = _setting(_RETRY.raised_events, "raised_events in a worker", least=0)
    worker_memory_mib: int = _setting(512, "memory that a turn may take in a worker", least=16)
    worker_cpu_s: int = _setting(15, "seconds that a turn may compute in a worker", least=1)
    worker_deadline_s: float = _setting(30.0, "seconds after which a worker is ended in any case", least=0)
    worker_outcome_bytes: int = _setting(
        4 << 20, "bytes of changes, messages and log that a turn in a worker may end with", least=1
    )

    http_private: HostPatterns = field(
        default=NO_HOSTS,
        metadata={
            "about": "hosts that rulesets may reach although their addresses are not public: a list of "
            "names (*.lan is all below lan), addresses and networks (10.0.0.0/8), or true for all"
        },
    )
    http_connect_s: float = _setting(
        5.0, "seconds that connecting to a server may take when a ruleset sends a request", least=0
    )
    http_total_s: float = _setting(30.0, "seconds that such a request may take in all", least=0)
    http_response_limit: int = _setting(1 << 20, "bytes that the response to it may have", least=1)
    http_redirects: int = _setting(5, "redirects that it may follow", least=0)
    http_per_pico: int = _setting(4, "such requests that a pico may have under way; others wait", least=1)
    http_at_once: int = _setting(128, "such requests that all picos together may have under way", least=1)

    plugins: PluginChoice = field(
        default=ALL_PLUGINS,
        metadata={
            "about": "installed plugins that are loaded, which bring modules for rulesets: true for all, "
            "false for none, or a list of names"
        },
    )
    plugin_answer_s: float = _setting(
        30.0, "seconds that a plugin may take for a question or an effect", least=0
    )
    plugin_answer_bytes: int = _setting(1 << 20, "bytes that its answer may have", least=1)
    plugin_per_pico: int = _setting(
        4, "such questions and effects that a pico may have under way; others wait", least=1
    )
    plugin_at_once: int = _setting(
        128, "such questions and effects that all picos together may have under way", least=1
    )

    seal: str = _setting(
        "off",
        "whether the states of picos are sealed into encrypted blocks by themselves, after each change",
        choices=("off", "on"),
    )
    seal_after_s: float = _setting(
        60.0, "seconds after the first change that is not sealed, until it is", least=0
    )
    seal_copies: int = _setting(
        1, "IPFS nodes that are to have a sealed state, besides this engine, if there are so many", least=0
    )
    ipfs_api: IpfsNodes = field(
        default=NO_NODES,
        metadata={
            "about": "IPFS nodes that keep blocks for this engine: the URLs of their RPC, with commas or "
            "spaces between them, as http://127.0.0.1:5001"
        },
    )
    ipfs_label: str = _setting(
        "picomesh",
        "what its pins are called there; engines that share a node and do not know each other differ",
    )
    ipfs_answer_s: float = _setting(
        30.0, "seconds that a node may take for what it knows by itself", least=0.1
    )
    ipfs_put_s: float = _setting(60.0, "seconds that a node may take for 4 MiB of blocks", least=0.1)
    ipfs_get_s: float = _setting(
        20.0, "seconds that it may take for a block, which others may have to give it", least=0.1
    )
    ipfs_pin_s: float = _setting(120.0, "seconds that it may take to pin a state", least=0.1)
    ipfs_tree_bytes: int = _setting(4 << 30, "bytes that one state may have when it is fetched", least=1)
    ipfs_at_once: int = _setting(64, "requests to one node that may be under way; others wait", least=1)
    ipns: bool = _setting(
        False, "whether a name of IPNS, in these nodes, leads to the newest sealed state of each pico"
    )
    ipfs_pico_bytes: int = _setting(
        64 << 20, "bytes that one pico may have put with ipfs:put, each with all that it leads to", least=0
    )

    @property
    def budget(self) -> Budget:
        """What one turn may use."""
        return Budget(
            steps=self.turn_steps,
            depth=self.turn_depth,
            string_length=self.string_length,
            collection_size=self.collection_size,
            regexp_ms=self.regexp_ms,
            raised_events=self.raised_events,
        )

    @property
    def worker_budget(self) -> Budget:
        """What a turn may use that is run again in a worker."""
        return Budget(
            steps=self.worker_steps,
            depth=self.worker_depth,
            string_length=self.worker_string_length,
            collection_size=self.worker_collection_size,
            regexp_ms=self.worker_regexp_ms,
            raised_events=self.worker_raised_events,
        )


@dataclass(frozen=True, slots=True)
class Described:
    """One setting as people look it up."""

    name: str
    variable: str
    default: Any
    about: str


def describe_settings() -> list[Described]:
    """Every setting with its default and meaning, in the order of the documentation."""
    defaults = Settings()
    return [
        Described(one.name, PREFIX + one.name.upper(), getattr(defaults, one.name), one.metadata["about"])
        for one in fields(Settings)
    ]


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings in force. A flag that is None was not given. Raises `BadSetting`."""
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    from_flags = _checked(given, "the command line")
    from_environment = _read_environment(os.environ if environment is None else environment)
    home: Path = from_flags.get("home") or from_environment.get("home") or default_home()
    return Settings(**{**_read_file(home / SETTINGS_FILE), **from_environment, **from_flags, "home": home})


def _read_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadSetting(f"{path} is not TOML: {error}") from error
    if "home" in found:
        raise BadSetting(f"{path} cannot set 'home': it lies in it; use --home or PICOMESH_HOME")
    return _checked(found, str(path))


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    found = {name: value for name, value in ours.items() if name not in NOT_SETTINGS}
    known = {PREFIX + name.upper(): name for name in _FIELDS}
    for variable in found:
        if variable not in known:
            raise _unknown(variable, [*known, *NOT_SETTINGS], "the environment")
    return _checked({known[variable]: text for variable, text in found.items()}, "the environment")


def _checked(given: Mapping[str, Any], source: str) -> dict[str, Any]:
    for name in given:
        if name not in _FIELDS:
            raise _unknown(name, _FIELDS, source)
    return {name: _convert(_FIELDS[name], value, source) for name, value in given.items()}


def _unknown(name: str, known: Iterable[str], source: str) -> BadSetting:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{close[0]}'?" if close else "`picomesh settings` lists them all"
    return BadSetting(f"no setting is called '{name}' (from {source}); {hint}")


def _convert(one: Field[Any], value: Any, source: str) -> Any:
    """The value in the setting's own type; texts are read, because the environment has only texts."""
    kind = _TYPES[one.name]
    try:
        converted = _read_as(kind, value)
    except ValueError:
        wanted = _NAMES_OF_TYPES[kind]
        shown = "what was given" if kind in _WITH_PASSWORDS and "@" in str(value) else repr(value)
        raise BadSetting(f"'{one.name}' must be {wanted}, not {shown} (from {source})") from None
    _check_range(one, converted, source)
    return converted


def _read_as(kind: type, value: Any) -> Any:
    if kind in _READERS:
        return _READERS[kind](value)
    if kind is Path and isinstance(value, (str, Path)) and str(value):
        return Path(value).expanduser().absolute()
    if isinstance(value, bool) or not isinstance(value, (str, *_ACCEPTED[kind])):
        raise ValueError
    return kind(value)


def _read_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError
    return bool(value == "true")


def _check_range(one: Field[Any], value: Any, source: str) -> None:
    least, most, choices = (one.metadata.get(bound) for bound in ("least", "most", "choices"))
    if least is not None and not value >= least:
        raise BadSetting(f"'{one.name}' must be at least {least}, not {value} (from {source})")
    if most is not None and not value <= most:
        raise BadSetting(f"'{one.name}' must be at most {most}, not {value} (from {source})")
    if one.metadata.get("is_url") and value and not value.startswith(("http://", "https://")):
        raise BadSetting(
            f"'{one.name}' must be a URL that begins with http:// or https://, not {value!r} (from {source})"
        )
    if one.metadata.get("is_did") and value and not is_did_url(value):
        raise BadSetting(f"'{one.name}' must be a DID, not {value!r} (from {source})")
    if choices and value not in choices:
        raise BadSetting(f"'{one.name}' must be one of {', '.join(choices)}, not {value!r} (from {source})")


_FIELDS = {one.name: one for one in fields(Settings)}
_TYPES: dict[str, type] = get_type_hints(Settings)
_NAMES_OF_TYPES: dict[type, str] = {
    Path: "a path",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    DidChoice: "true, false, or DIDs",
    DidKeys: "a list of keys, each like did:key:z6Mk…",
    HostPatterns: "true, false, or names, addresses or networks",
    IpfsNodes: "URLs of the RPC of IPFS nodes, each once, with commas or spaces between them (in a file "
    "also a list), as http://127.0.0.1:5001, http://127.0.0.1:5002",
    PluginChoice: "true, false, or names of plugins",
}
_READERS: dict[type, Callable[[Any], Any]] = {
    bool: _read_bool,
    DidChoice: read_dids,
    DidKeys: read_authors,
    HostPatterns: read_patterns,
    IpfsNodes: read_nodes,
    PluginChoice: read_plugins,
}
_WITH_PASSWORDS = frozenset({IpfsNodes})
"""Kinds of which a value is not shown that may have one in it."""
_ACCEPTED: dict[type, tuple[type, ...]] = {Path: (), str: (), int: (int,), float: (int, float)}
