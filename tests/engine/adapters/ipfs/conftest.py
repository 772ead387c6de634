"""Two real nodes that are connected to each other, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ipfs_node import IpfsNode, connected_nodes


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2) as running:
        yield running


@pytest.fixture
def node(nodes: list[IpfsNode]) -> IpfsNode:
    return nodes[0]
