"""Nodes of DAG-CBOR for property tests: anything that it can say, small."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.core.blocks.dag_cbor import Link
from engine.core.cids import Codec, cid_of

CODECS: list[Codec] = ["raw", "dag-cbor"]

cids = st.builds(cid_of, st.binary(max_size=4), st.sampled_from(CODECS))
links = st.builds(Link, cids)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
numbers = st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts | st.binary(max_size=300) | links
nodes = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(texts, inner, max_size=30),
    max_leaves=40,
)
