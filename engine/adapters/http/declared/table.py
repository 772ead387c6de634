"""Which type belongs to which method of which route. A method that is not here is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.declared import documents as told
from engine.adapters.http.declared import forms as given
from engine.adapters.http.declared.operations import TEXT, Operation

Methods = dict[str, Operation]


def _get(gives: Any, takes: Any = None, gives_as: str = "application/json") -> Methods:
    return {"GET": Operation(gives, takes, gives_as=gives_as)}


def _post(gives: Any, takes: Any = None, status: int = 200) -> Methods:
    return {"POST": Operation(gives, takes, status)}


_SENT = {"GET": Operation(told.EventAnswer, is_free=True), "POST": Operation(told.EventAnswer, is_free=True)}
_ANY = {"GET": Operation(Any, is_free=True), "POST": Operation(Any, is_free=True)}

OPERATIONS: Mapping[str, Methods] = {
    # picos, whose routes take any method
    "/c/{eci}/event/{domain}/{name}": {
        "GET": Operation(str, is_free=True),
        "POST": Operation(str, is_free=True),
    },
    "/c/{eci}/event-wait/{domain}/{name}": _SENT,
    "/sky/event/{eci}/{eid}/{domain}/{name}": _SENT,
    "/c/{eci}/query/{rid}/{name}": _ANY,
    "/sky/cloud/{eci}/{rid}/{name}": _ANY,
    "/c/{eci}/event/{domain}/{name}/query/{rid}/{query}": _ANY,
    # the engine
    "/healthz": _get(told.Health),
    "/readyz": _get(told.Health),
    "/version": _get(told.Version),
    "/api/engine": _get(told.EngineItself),
    "/api/ui-context": _get(told.UiContext),
    "/api/tree": _get(told.PicoTree),
    "/api/picos": _get(told.Picos, given.WhichPicos),
    "/api/picos/{pico}": _get(told.PicoPath),
    "/api/system": _get(told.System),
    "/metrics": _get(str, gives_as=TEXT),
    "/api/qr": {"POST": Operation(str, given.QrCode, gives_as="image/svg+xml")},
    "/api/install": _post(told.Installed, given.Install),
    "/api/flush": _get(told.Flushed, given.Named) | _post(told.Flushed, given.Named),
    "/api/evaluate": _post(told.Evaluated, given.Evaluate),
    # who may use it
    "/api/me": _get(told.Pass),
    "/api/logout": _post(told.LoggedOut),
    "/api/login-links": _post(told.LoginLink, given.NewLink),
    "/api/tokens": _get(told.Passes) | _post(told.NewPass, given.NewToken, 201),
    "/api/tokens/{id}": {"DELETE": Operation(told.Pass)},
    "/api/assistants": _get(told.Document) | _post(told.Document, given.Grant),
    "/api/assistants/tools": _get(told.Document),
    "/api/assistants/call": _post(told.Document, given.Call),
    "/api/assistants/resources": _get(told.Document),
    "/api/assistants/read": _get(told.Document, given.OneResource),
    # rulesets
    "/api/rulesets": {
        "GET": Operation(told.Rulesets, given.MaybeOfPico),
        "POST": Operation(told.Pushed, sends=TEXT),
    },
    "/api/check": {"POST": Operation(told.Checked, sends=TEXT)},
    "/api/rulesets/{cid}": _get(str, gives_as=TEXT),
    "/api/rulesets/{cid}/signatures": {
        "GET": Operation(told.Signatures),
        "POST": Operation(told.Signed, sends=TEXT),
    },
    "/api/rulesets/{rid}/upgrade": _post(told.Upgraded, given.Upgrade),
    "/api/rulesets/{rid}/rollback": _post(told.RolledBack, given.RollBack),
    "/api/modules": _get(told.Modules),
    "/api/grant": _post(told.Granted, given.OfModule),
    "/api/revoke": _post(told.Granted, given.OfModule),
    # the past
    "/api/log": _get(told.TurnLog, given.Log),
    "/api/why": _get(told.Reasons, given.Why),
    "/api/state": _get(told.PicoState, given.State),
    "/api/differences": _get(told.Differences, given.Between),
    "/api/replay": _get(told.Replayed, given.OfPico),
    "/api/fork": _post(told.Forked, given.Fork),
    "/api/events": _get(str, given.Watch, "text/event-stream"),
    # others
    "/api/did": _get(told.Did, given.MaybeOfPico),
    "/api/invite": _post(told.Invitation, given.Invite),
    "/api/connect": _post(told.Document, given.Connect),
    "/api/rotate": _post(told.Rotated, given.OfPico),
    "/api/engines": _get(told.Engines, given.WhichEngines) | _post(told.Engines, given.WhichEngines),
    "/api/engines/invite": _post(told.EngineInvitation, given.InviteEngine),
    "/api/engines/add": _post(told.Document, given.AddEngine),
    "/api/engines/change": _post(told.Document, given.ChangeEngine),
    "/api/engines/remove": _post(told.Document, given.OneEngine),
    "/api/engines/accept": _get(told.Document) | _post(told.Document),
    "/api/drain": _get(told.Drained) | _post(told.Drained, given.Drain, 202),
    "/api/moves": _get(told.Moves) | _post(told.Moving, given.Move, 202),
    "/api/where": _get(told.Place, given.Where),
    # names for life
    "/api/did/log": _get(told.DidLog, given.OfDidLog) | _post(told.DidLog, given.ChangeDidLog),
    "/api/did/guardians": _post(told.Document, given.Guardians),
    "/api/did/request": _post(told.RequestText, given.WantedChange),
    "/api/credential": _post(told.Credential, given.Vouch),
    "/picos/{pico}/did.jsonl": _get(str, gives_as="text/jsonl"),
    "/picos/{pico}/did-witness.json": _get(list[Any]),
    # seals
    "/api/seal": _post(told.Sealed, given.Seal),
    "/api/seal/history": _get(told.SealHistory, given.OfPico),
    "/api/seal/seen": _post(told.SeenHead, given.ShownHead),
    "/api/seal/owners": _get(told.Owners, given.MaybeOfPico) | _post(told.Owners, given.SealOwners),
    "/api/stores": _get(told.Stores),
    "/api/stores/collect": _post(told.Collected),
}
