"""coordinate-mediation 2.0 and 3.0 as tables; what each side does is in `mediated` and `mediating`."""

from __future__ import annotations

from typing import Any

from engine.core.protocols import mediated, mediating
from engine.core.protocols.bodies import Shape, did, either, list_of, may, need, object_with, one_of, whole
from engine.core.protocols.mediation import MOST_DIDS, V2, V3, Dialect
from engine.core.protocols.protocol import Kind, Protocol

_ACTION = need(one_of("add", "remove"))
_RESULT = need(one_of("client_error", "server_error", "no_change", "success"))
_DID = need(did)
_UPDATE: Shape = {"recipient_did": _DID, "action": _ACTION}
_UPDATED: Shape = {**_UPDATE, "result": _RESULT}
_PAGINATE: Shape = {"limit": need(whole(1)), "offset": need(whole())}
_PAGINATION: Shape = {"count": need(whole()), "offset": need(whole()), "remaining": need(whole())}
_GRANT: Shape = {"routing_did": need(either(did, list_of(did, most=16, least=1)))}


def _protocol(dialect: Dialect) -> Protocol:
    def heard(how: Any) -> Any:
        return lambda state, message, facts: how(state, message, facts, dialect)

    updates = {"updates": need(list_of(object_with(_UPDATE), most=MOST_DIDS))}
    updated = {"updated": need(list_of(object_with(_UPDATED), most=MOST_DIDS))}
    listed = {
        dialect.dids: need(list_of(object_with({"recipient_did": _DID}))),
        "pagination": may(object_with(_PAGINATION)),
    }
    query = {"paginate": may(object_with(_PAGINATE))}
    asked, updating, listing = ("mediate-request",), (dialect.update,), (dialect.query,)
    return Protocol(
        dialect.piuri,
        roles=("mediator", "recipient"),
        kinds={
            "mediate-request": Kind("recipient", {}, heard(mediating.heard_request)),
            "mediate-grant": Kind("mediator", _GRANT, heard(mediated.heard_grant), answers=asked),
            "mediate-deny": Kind("mediator", {}, heard(mediated.heard_deny), answers=asked),
            dialect.update: Kind("recipient", updates, heard(mediating.heard_update)),
            dialect.updated: Kind("mediator", updated, heard(mediated.heard_updated), answers=updating),
            dialect.query: Kind("recipient", query, heard(mediating.heard_query), again=True),
            dialect.listed: Kind("mediator", listed, heard(mediated.heard_listed), answers=listing),
        },
    )


PROTOCOL_2 = _protocol(V2)
PROTOCOL_3 = _protocol(V3)
