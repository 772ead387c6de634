"""Random picos, turns and records for property tests: anything the types allow, small."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.core.draft import KINDS
from engine.core.messages import (
    AskLater,
    Change,
    CreatePico,
    DeletePico,
    Event,
    Fault,
    LogLine,
    Query,
    Question,
    SendEvent,
    Turn,
    Unable,
)
from engine.core.model import (
    Asked,
    Channel,
    Child,
    CredentialAsked,
    FormerText,
    Inputs,
    InstalledRuleset,
    Invitation,
    Pico,
    Policy,
    PolicyEntry,
    Quarantine,
    Relation,
    Timer,
    Will,
)
from engine.core.records import Record
from pico_lang.errors import Place
from pico_lang.values import in_js_order

# Half of a surrogate pair is a legal character of the language, so it may turn up anywhere in a value.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4).map(in_js_order),
    max_leaves=12,
)
set_values = values.filter(lambda value: value is not None)
maps = st.dictionaries(texts, values, max_size=3).map(in_js_order)
ids = st.sampled_from(["alpha", "beta", "gamma", "io.example.one"])
times = st.integers(min_value=0, max_value=2**43)

inputs = st.builds(
    Inputs,
    times,
    st.just("00" * 16),
    st.lists(maps, max_size=2).map(tuple),
    st.sampled_from(["allow", "deny"]),
)
events = st.builds(
    Event, ids, ids, ids, maps, ids, st.none() | ids, st.none() | ids, st.none() | ids, st.none() | maps
)
queries = st.builds(Query, ids, ids, ids, maps, st.lists(ids, max_size=2).map(tuple))
turns = st.builds(Turn, events, inputs, st.none() | queries)

words = ids | st.just("*")
senders = st.none() | st.sampled_from(["*", "did:example:ann"])
claims = st.lists(st.tuples(ids, st.booleans() | numbers | texts), max_size=2).map(tuple)
named = st.lists(ids, min_size=1, max_size=2).map(tuple)
asked = st.none() | st.builds(CredentialAsked, named, named, claims)
entries = st.lists(st.builds(PolicyEntry, words, words, senders, asked), max_size=2).map(tuple)
policies = st.builds(Policy, entries, entries)
channels = st.builds(Channel, ids, st.lists(ids, max_size=2).map(tuple), policies, policies, st.none() | ids)
quarantines = st.builds(Quarantine, times, st.just("R609"), texts, st.none() | ids, st.booleans())
signers = st.lists(ids, max_size=2).map(tuple)
formers = st.lists(st.builds(FormerText, texts, ids, maps, times, signers, st.booleans()), max_size=2)
rulesets = st.builds(
    InstalledRuleset,
    *(ids, texts, ids, maps, inputs, signers),
    quarantine=st.none() | quarantines,
    former=formers.map(tuple),
)
children = st.builds(Child, ids, ids)
timers = st.builds(
    Timer, ids, ids, st.sampled_from(["at", "repeat"]), texts | times, times, ids, ids, ids, maps
)
wills = st.builds(Will, ids, texts, ids, ids, ids, maps)
dids = st.sampled_from(["did:example:ann", "did:example:ben"])
relations = st.builds(
    Relation, ids, texts, times, st.none() | ids, st.fixed_dictionaries({"me": dids, "peer": dids})
)
invitations = st.builds(
    Invitation, ids, ids, texts, st.none() | st.integers(0, 2**40), st.booleans(), st.none() | dids
)
questions = st.builds(Asked, ids, ids, dids, texts, times, st.none() | times)
by_rid = st.dictionaries(ids, st.dictionaries(texts, set_values, min_size=1, max_size=3), max_size=3)

picos = st.builds(
    Pico,
    ids,
    times,
    st.none() | ids,
    st.lists(children, max_size=2).map(tuple),
    st.lists(channels, max_size=3).map(lambda found: {one.eci: one for one in found}),
    st.lists(rulesets, max_size=3, unique_by=lambda one: one.rid).map(tuple),
    by_rid,
    by_rid,
    st.lists(timers, max_size=2).map(lambda found: {one.id: one for one in found}),
    grants=st.dictionaries(ids, st.booleans(), max_size=2),
    wills=st.lists(wills, max_size=2).map(lambda found: {one.rid: {one.name: one} for one in found}),
    relations=st.lists(relations, max_size=2).map(lambda found: {one.key: one for one in found}),
    invitations=st.lists(invitations, max_size=2).map(lambda found: {one.id: one for one in found}),
    asked=st.lists(questions, max_size=2).map(lambda found: {one.key: one for one in found}),
)

CONTENTS = {
    "set_entity": st.tuples(ids, texts, set_values),
    "clear_entity": st.tuples(ids, texts),
    "set_entity_path": st.tuples(ids, texts, st.lists(texts | st.just("2"), max_size=3), values),
    "clear_entity_path": st.tuples(ids, texts, st.lists(texts, max_size=3)),
    "set_pattern": st.tuples(ids, texts, set_values),
    "clear_pattern": st.tuples(ids, texts),
    "put_channel": st.tuples(channels),
    "remove_channel": st.tuples(ids),
    "put_ruleset": st.tuples(rulesets),
    "remove_ruleset": st.tuples(ids),
    "add_child": st.tuples(children),
    "remove_child": st.tuples(ids),
    "put_timer": st.tuples(timers),
    "remove_timer": st.tuples(ids),
    "set_grant": st.tuples(ids, st.booleans()),
    "put_will": st.tuples(wills),
    "remove_will": st.tuples(ids, texts),
    "put_relation": st.tuples(relations),
    "remove_relation": st.tuples(ids),
    "put_invitation": st.tuples(invitations),
    "remove_invitation": st.tuples(ids),
    "put_asked": st.tuples(questions),
    "remove_asked": st.tuples(ids),
}
assert set(CONTENTS) == set(KINDS), "every kind of change has a strategy for its content"

changes = st.sampled_from(sorted(CONTENTS)).flatmap(
    lambda kind: CONTENTS[kind].map(lambda content: Change(kind, content))
)
sendings = st.builds(SendEvent, ids, ids, ids, maps, ids)
errands = st.builds(AskLater, st.builds(Question, ids, maps), sendings, st.none() | sendings)
letters = st.builds(
    lambda key, complaint: AskLater(Question("http", {"key": key}), None, complaint),
    ids,
    st.none() | sendings,
)
effects = sendings | errands | letters | st.builds(CreatePico, picos) | st.builds(DeletePico, ids)
places = st.builds(Place, ids, st.integers(1, 99), st.integers(1, 99), texts)
unable = st.builds(Unable, ids, ids, st.just("R609"), texts, st.none() | ids, st.booleans())
faults = st.builds(Fault, st.just("R601"), texts, st.lists(places, max_size=2).map(tuple))
log_lines = st.builds(
    LogLine, st.sampled_from(["error", "warn", "info", "debug", "klog"]), ids, st.none() | ids, values, values
)
records = st.builds(
    Record,
    st.integers(1, 2**40),
    ids,
    turns,
    st.lists(changes, max_size=3).map(tuple),
    st.lists(maps, max_size=2).map(tuple),
    st.lists(effects, max_size=2).map(tuple),
    st.lists(log_lines, max_size=2).map(tuple),
    values,
    st.none() | faults,
    st.integers(0, 10**6),
)
