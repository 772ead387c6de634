"""Presentations: a holder shows credentials and proves, for one challenge and domain, to be their subject.

Always a JWT. A linked-data presentation would sign the graph of everything in it, with all that such a proof
leaves open; the credentials inside may have either form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.credentials.didkit_process import Didkit, DidkitRefuses
from engine.adapters.credentials.documents import CREDENTIALS_V1, Document, is_uri, read_json
from engine.adapters.credentials.keys import Purpose, Signer, is_did_key
from engine.adapters.credentials.own_proofs import check_token, write_token
from engine.adapters.credentials.refusals import CannotIssue, DidkitMissing, NotRelied, Refused
from engine.adapters.credentials.tokens import Token, read_token
from engine.adapters.credentials.verifying import (
    ANYTHING,
    Expected,
    Verified,
    Verifier,
    check_did_key,
    to_text,
)

LARGEST = 1 << 18
"""Characters."""
MOST_CREDENTIALS = 16
PURPOSE: Purpose = "authentication"
_CLAIMS = {"iss", "aud", "nonce", "vp", "jti", "nbf", "iat"}
_MEMBERS = {"@context", "type", "holder", "verifiableCredential", "id"}


@dataclass(frozen=True, slots=True)
class Presented:
    """The holder is the subject of each of these."""

    holder: str
    credentials: tuple[Verified, ...]


def present(credentials: Sequence[str], signer: Signer, challenge: str, domain: str, didkit: Didkit) -> str:
    """Challenge and domain are the verifier's, so that nobody can show the presentation to another one.
    Raises `CannotIssue` and `DidkitMissing`."""
    try:
        return _sign(_presentation(credentials, signer.did), signer, challenge, domain, didkit)
    except DidkitRefuses as problem:
        raise CannotIssue(f"didkit cannot make the presentation: {problem}") from None
    except NotRelied as problem:
        raise CannotIssue(f"the presentation cannot be made: {problem.refused.reason}") from None


def _presentation(credentials: Sequence[str], holder: str) -> dict[str, Any]:
    shown = [one.strip() for one in credentials]
    return {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": [read_json(one.encode()) if one.startswith("{") else one for one in shown],
    }


def _sign(presentation: Document, signer: Signer, challenge: str, domain: str, didkit: Didkit) -> str:
    if not is_did_key(signer.did):
        return write_token({"iss": signer.did, "aud": domain, "nonce": challenge, "vp": presentation}, signer)
    options = _options(challenge, domain) | {"verificationMethod": signer.key_id}
    return didkit.issue_presentation(presentation, options, signer.jwk)


def verify_presentation(
    text: str, challenge: str, domain: str, now_s: int, verifier: Verifier, expected: Expected = ANYTHING
) -> Presented | Refused:
    """`expected` is about each credential. That a challenge is used once is for the caller to see to."""
    try:
        return _rely_on(text, challenge, domain, now_s, verifier, expected)
    except NotRelied as problem:
        return problem.refused
    except DidkitMissing as problem:
        return Refused("unavailable", str(problem))


def _rely_on(
    text: str, challenge: str, domain: str, now_s: int, verifier: Verifier, expected: Expected
) -> Presented:
    if len(text) > LARGEST:
        raise NotRelied("too-large", f"a presentation has at most {LARGEST:,} characters")
    token = read_token(text.strip())
    holder = _read_holder(token.payload, challenge, domain)
    _check_signed(text.strip(), token, holder, _options(challenge, domain), verifier)
    shown = token.payload["vp"]["verifiableCredential"]
    return Presented(holder, tuple(_check_shown(one, holder, now_s, verifier, expected) for one in shown))


def _read_holder(payload: Document, challenge: str, domain: str) -> str:
    if payload.get("nonce") != challenge:
        raise NotRelied("wrong-challenge", "it answers another challenge")
    if payload.get("aud") != domain:
        raise NotRelied("wrong-domain", "it is meant for somebody else")
    presentation, holder = payload.get("vp"), payload.get("iss")
    if not isinstance(presentation, Mapping) or not is_uri(holder) or not payload.keys() <= _CLAIMS:
        raise NotRelied("malformed", "a JWT without a presentation, or with more in it than is read here")
    if presentation.get("holder", holder) != holder or not presentation.keys() <= _MEMBERS:
        raise NotRelied(
            "malformed", "the presentation contradicts its JWT, or has more in it than is read here"
        )
    _check_list(presentation.get("verifiableCredential"))
    return str(holder)


def _check_list(shown: object) -> None:
    if not isinstance(shown, list) or not 0 < len(shown) <= MOST_CREDENTIALS:
        raise NotRelied("malformed", f"a presentation shows one to {MOST_CREDENTIALS} credentials, in a list")


def _check_signed(
    text: str, token: Token, holder: str, options: Mapping[str, str], verifier: Verifier
) -> None:
    if not is_did_key(holder):
        check_token(token, holder, PURPOSE, verifier.documents)
        return
    check_did_key(holder, token.key_id)
    try:
        verifier.didkit.verify_presentation(text, options)
    except DidkitRefuses as problem:
        raise NotRelied("bad-proof", f"the signature is not good: {problem}") from None


def _check_shown(shown: Any, holder: str, now_s: int, verifier: Verifier, expected: Expected) -> Verified:
    text = shown if isinstance(shown, str) else to_text(shown)
    verified = verifier.rely_on(text, now_s, expected)
    if verified.subject != holder:
        raise NotRelied("wrong-subject", f"{holder[:100]} shows a credential about {verified.subject[:100]}")
    return verified


def _options(challenge: str, domain: str) -> dict[str, str]:
    return {"proofFormat": "jwt", "proofPurpose": PURPOSE, "challenge": challenge, "domain": domain}
