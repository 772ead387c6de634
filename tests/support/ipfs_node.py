"""Real IPFS nodes for tests: private, on loopback, without any peer but those a test connects them to.

Each has a folder of its own. A key that was made up for this process keeps them out of every other network,
even if one of the switches here should miss something; what looks for peers, routes, relays, announces,
updates itself or tells its makers anything is off as well.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.support.kubo import program

START_S = 60.0
"""After which a node that is not ready is ended."""
END_S = 10.0
COMMAND_S = 60.0

NETWORK = f"/key/swarm/psk/1.0.0/\n/base16/\n{secrets.token_hex(32)}\n"
ALONE: Mapping[str, Any] = {
    "Addresses": {
        "API": "/ip4/127.0.0.1/tcp/0",
        "Gateway": [],
        "Swarm": ["/ip4/127.0.0.1/tcp/0"],
        "Announce": [],
    },
    "AutoConf": {"Enabled": False},
    "AutoNAT": {"ServiceMode": "disabled"},
    "AutoTLS": {"Enabled": False},
    "Bootstrap": [],
    "DNS": {"Resolvers": {}},
    "Discovery": {"MDNS": {"Enabled": False}},
    "HTTPRetrieval": {"Enabled": False},
    "Ipns": {"DelegatedPublishers": []},
    "Plugins": {"Plugins": {"telemetry": {"Disabled": True, "Config": {"Mode": "off"}}}},
    "Provide": {"Enabled": False},
    "Routing": {"Type": "none", "DelegatedRouters": []},
    "Swarm": {
        "DisableNatPortMap": True,
        "EnableHolePunching": False,
        "RelayClient": {"Enabled": False},
        "RelayService": {"Enabled": False},
        "Transports": {
            "Network": dict.fromkeys(("QUIC", "Relay", "WebRTCDirect", "WebTransport", "Websocket"), False)
        },
    },
    "Version": {"SwarmCheckEnabled": False},
}
"""What is changed in a fresh node's settings. Kubo passes over those that a version does not have."""


class IpfsNode:
    """A running node; a context manager."""

    def __init__(self, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        """With `settings` beyond those that keep it alone."""
        self.folder = folder
        self._program = program()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "swarm.key").write_text(NETWORK)
        self.run("init", "--profile=test")
        self._change(ALONE)
        self._change(settings or {})
        self.start()

    def start(self) -> None:
        """Also again, after `stop`: it remembers what it had."""
        self._process = subprocess.Popen(
            [self._program, "daemon"],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._wait_ready()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        """Of its RPC."""
        _, _, host, _, port = (self.folder / "api").read_text().strip().split("/")
        return f"http://{host}:{port}"

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What the command `ipfs` says to these; through the node, if it runs."""
        return subprocess.run(
            [self._program, *arguments],
            env=self._environment(),
            input=stdin,
            capture_output=True,
            timeout=COMMAND_S,
            check=True,
        ).stdout

    def connect(self, other: IpfsNode) -> None:
        address = json.loads(other.run("id"))["Addresses"][0]
        self.run("swarm", "connect", address)

    def stop(self) -> None:
        """End it as its owner would; what does not end is killed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        with self._process:  # closes its output
            self._process.wait()

    def kill(self) -> None:
        """At once and without a word, as a crash would; `start` may come after it."""
        self._process.kill()
        with self._process:
            self._process.wait()

    def __enter__(self) -> IpfsNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_ready(self) -> None:
        assert self._process.stdout is not None
        watch = threading.Timer(START_S, self._process.kill)
        watch.start()
        said = []
        for line in self._process.stdout:
            said.append(line)
            if line.startswith("Daemon is ready"):
                break
        watch.cancel()
        if self._process.poll() is not None:
            raise RuntimeError(f"the IPFS node did not start: {''.join(said[-20:])}")
        # What it says later is of no interest, but a pipe that is full would hold it up.
        threading.Thread(target=self._process.stdout.read, daemon=True).start()

    def _change(self, settings: Mapping[str, Any]) -> None:
        file = self.folder / "config"
        file.write_text(json.dumps(_merged(json.loads(file.read_text()), settings)))

    def _environment(self) -> dict[str, str]:
        own = {"IPFS_PATH": str(self.folder), "LIBP2P_FORCE_PNET": "1"}
        return os.environ | own | {"IPFS_TELEMETRY": "off", "DO_NOT_TRACK": "1"}


def _merged(settings: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(settings)
    for name, value in changes.items():
        old = both.get(name)
        both[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return both


@contextmanager
def connected_nodes(
    folder: Path, count: int, settings: Mapping[str, Any] | None = None
) -> Iterator[list[IpfsNode]]:
    """Each connected to the one before."""
    with ExitStack() as running:
        nodes = [
            running.enter_context(IpfsNode(folder / f"node-{number}", settings)) for number in range(count)
        ]
        for one, other in pairwise(nodes):
            one.connect(other)
        yield nodes
