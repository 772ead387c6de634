"""What a ruleset asks of the web, as the content of a question, and what it is given for the answer.

Nothing is sent from here. A question of kind `http` says `method`, `url`, `headers` (names in lower
case), `body` (if there is one), `redirect` (whether one is followed) and `parse` (whether the content
is read as JSON). Its answer is `{"status", "reason", "headers", "content"}` or `{"error", "code"}`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from engine.core.query_strings import encode_pairs
from pico_lang import json_text
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.meter import Meter
from pico_lang.values import Value, in_js_order

Content = dict[str, Any]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

OF_THE_CLIENT = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "te", "transfer-encoding", "upgrade"}
)
"""Headers that follow from the request and the connection. A ruleset's own would contradict them."""

# --- asking ----------------------------------------------------------------------------------------


def make_content(meter: Meter, method: str, given: Mapping[str, Value]) -> Content:
    """The content of a question, from the arguments by name of a member of the module `http`."""
    headers = _read_headers(given["headers"])
    body, content_type = _read_body(meter, given)
    if content_type is not None:
        headers.setdefault("content-type", content_type)
    credentials = _read_credentials(given["auth"])
    if credentials is not None:
        headers["authorization"] = credentials
    content = {
        "method": method.upper(),
        "url": _read_url(meter, method, given["url"], given["qs"]),
        "headers": headers,
        "redirect": not truthy(given["dontFollowRedirect"]),
        "parse": given["parseJSON"] is True,
    }
    return content if body is None else {**content, "body": body}


def _read_url(meter: Meter, method: str, url: Value, parameters: Value) -> str:
    if not truthy(url):
        raise TypeFault(f"http:{method} needs a url string")
    if not isinstance(url, str):
        raise TypeFault(f"http:{method} was given {to_string(url)} instead of a url string")
    query = encode_pairs(meter, parameters)
    if not query:
        return url
    address, hash_sign, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{query}{hash_sign}{fragment}"


def _read_headers(headers: Value) -> dict[str, str]:
    """Names in lower case, so that it does not matter how somebody wrote them."""
    if not isinstance(headers, dict):
        return {}
    named = ((name.strip().lower(), value) for name, value in headers.items() if value is not None)
    return {name: to_string(value).strip() for name, value in named if name not in OF_THE_CLIENT}


def _read_body(meter: Meter, given: Mapping[str, Value]) -> tuple[str | None, str | None]:
    """The first of `body`, `json` and `form` that says anything, and what type of content that is."""
    if truthy(given["body"]):
        text = to_string(given["body"])
        meter.check_string(len(text))
        return text, None
    if truthy(given["json"]):
        return json_text.encode(meter, given["json"]), JSON
    if truthy(given["form"]):
        return encode_pairs(meter, given["form"]), FORM
    return None, None


def _read_credentials(auth: Value) -> str | None:
    if not isinstance(auth, dict) or not isinstance(auth.get("username"), str):
        return None
    password = auth.get("password")
    pair = f"{auth['username']}:{password if isinstance(password, str) else ''}"
    return "Basic " + base64.b64encode(pair.encode("utf-8", "replace")).decode("ascii")


# --- being answered --------------------------------------------------------------------------------


def read_answer(meter: Meter, content: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Value]:
    """What the ruleset gets. Whatever the server said is a result; not to have reached it is a fault."""
    if "error" in answer:
        raise RuntimeFault(answer.get("code", "R608"), answer["error"])
    text, headers = answer["content"], answer["headers"]
    meter.check_string(len(text))
    meter.check_collection(len(headers))
    return {
        "content": _read_content(meter, text, content["parse"]),
        "content_type": headers.get("content-type"),
        "content_length": _read_length(headers.get("content-length", "")),
        "headers": in_js_order(dict(headers)),
        "status_code": float(answer["status"]),
        "status_line": answer["reason"],
    }


def _read_content(meter: Meter, text: str, is_parsed: bool) -> Value:
    if not is_parsed:
        return text
    try:
        return json_text.decode(meter, text)
    except json_text.NotJson:
        return text


def _read_length(text: str) -> float:
    """As the server gave it; 0 when it did not say."""
    digits = re.match(r"\s*([0-9]{1,15})", text)
    return float(digits[1]) if digits else 0.0
