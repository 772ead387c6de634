"""Every problem code that is reported from here, and the one comment that belongs to it.

DIDComm v2.1, "Problem Codes": a comment is tied to its code, what is particular goes into `args`. Scope `p`
gives up the thread, `m` only the message.
"""

from __future__ import annotations

from collections.abc import Mapping

COMMENTS: Mapping[str, str] = {
    "e.p.msg": "Bad message.",
    "e.p.trust": "Failed to achieve required trust.",
    "e.p.trust.crypto": "Cryptographic operation failed.",
    "e.p.did": "DID is unusable.",
    "e.p.req.time": "Failed to satisfy timing constraints.",
    "e.p.me.res.storage": "A required resource is inadequate or unavailable.",
    "e.p.msg.bad-body": "The message is not what its protocol says: {1}.",
    "e.m.msg.bad-body": "The message is not what its protocol says: {1}.",
    "e.p.msg.bad-header": "A header is not what DIDComm says: {1}.",
    "e.m.msg.bad-header": "A header is not what DIDComm says: {1}.",
    "e.p.msg.bad-attachment": "The attachments are not what the protocol says: {1}.",
    "e.p.msg.unknown-kind": "The protocol has no such message.",
    "e.m.msg.unknown-kind": "The protocol has no such message.",
    "e.p.msg.not-spoken": "Nobody here speaks this protocol.",
    "e.p.trust.unknown-sender": "This is heard only of somebody who is proven to have written it.",
    "e.p.trust.not-allowed": "The policy does not allow this.",
    "e.p.trust.credential-needed": "The policy asks for a credential; attach a presentation: {1}.",
    "e.p.trust.credential-refused": "The presentation that is attached is not relied on: {1}.",
    "e.p.trust.rotation": "The rotation of a DID is not accepted: {1}.",
    "e.p.req.max-errors-exceeded": "Too many errors in this thread; nothing more is said in it.",
    "e.p.req.already-handled": "This message was dealt with; its answer is no longer kept.",
    "e.p.req.time.expired": "The message had expired.",
    "e.p.req.mediation-not-granted": "There is no mediation for you; ask for it first.",
    "e.m.live-mode-not-supported": "Connection does not support Live Delivery",
    "e.p.req.no-such-invitation": "There is no such invitation.",
    "e.p.req.invitation-used": "The invitation was accepted by somebody else.",
    "e.p.req.time.invitation-over": "The invitation is over.",
    "e.p.req.no-such-query": "There is no such query.",
    "e.p.req.no-such-log": "No log of that DID is kept here.",
    "e.p.trust.not-met": "The engines have not met, or this one does not know the other any more.",
    "e.p.msg.bad-advert": "The advert is refused, as {1}.",
    "e.p.me.query-failed": "The query failed.",
    "e.p.me.busy": "Too much is waiting; send the same message again later.",
    "e.p.me.res.storage.too-large": "The answer is larger than a message may be.",
}
"""The first six are the words of the specification, for messages that cannot be read: see
`engine.core.didcomm.refused`. The text of `e.m.live-mode-not-supported` is that of messagepickup 3.0."""

TEMPORARY = frozenset({"e.p.me.busy"})
"""After these the same message may be sent again, and is then heard as if for the first time."""
