"""The description of all routes as OpenAPI 3.1, made of the routes and of the types that are checked at the
door."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from engine.adapters.http.declared import OPERATIONS, Operation
from engine.adapters.http.declared.documents import Problem
from engine.adapters.http.declared.operations import JSON
from engine.adapters.http.routes import Surface
from engine.core.access import MEANING
from engine.version import VERSION

Document = dict[str, Any]
Described = Iterable[tuple[str, str, Surface]]
"""Path, line and surface of each route."""

PROBLEM = "application/problem+json"
REF = "#/components/schemas/{name}"

ABOUT = """\
All that an engine can be asked. Routes under `/c/` and `/sky/` are picos': knowing a channel is the
permission. Others take a login, or a token with a scope (`x-scope`). Errors are
`application/problem+json`."""


def describe(routes: Described) -> Document:
    told = [(path, about, surface, OPERATIONS[path]) for path, about, surface in routes if path in OPERATIONS]
    schemas = _Schemas([operation for *_, methods in told for operation in methods.values()])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Picomesh", "version": VERSION, "description": ABOUT, "license": {"name": "MIT"}},
        "paths": {
            path: {
                method.lower(): _tell(path, about, surface, method, operation, schemas)
                for method, operation in methods.items()
            }
            for path, about, surface, methods in told
        },
        "components": {
            "schemas": schemas.components,
            "responses": {"problem": _problem()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """Of all types at once, so that each has one name."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        types: list[Any] = [Problem]
        for one in operations:
            types += [kind for kind in (one.takes, one.gives) if kind is not None]
        found, self.components = msgspec.json.schema_components(types, ref_template=REF)
        self._by_type = {_key(kind): schema for kind, schema in zip(types, found, strict=True)}

    def of(self, kind: Any) -> Document:
        return self._by_type[_key(kind)]

    def fields(self, kind: type[msgspec.Struct]) -> tuple[Mapping[str, Document], list[str]]:
        """The schemas of its parts by name, and which have to be there."""
        whole = self.components[self.of(kind)["$ref"].rpartition("/")[2]]
        return whole.get("properties", {}), whole.get("required", [])


def _key(kind: Any) -> str:
    return repr(kind)


def _tell(
    path: str, about: str, surface: Surface, method: str, operation: Operation, schemas: _Schemas
) -> Document:
    needed = surface.needed(method)
    told: Document = {
        "operationId": _name(method, path),
        "summary": about,
        "tags": [_tag(path)],
        "parameters": [*_in_path(path), *_in_query(method, operation, schemas)],
        "responses": {
            str(operation.status): _answer(operation, schemas),
            "default": {"$ref": "#/components/responses/problem"},
        },
        "security": [] if needed is None else [{"token": []}],
    }
    if needed is not None:
        told |= {"x-scope": needed, "description": f"Takes the scope `{needed}`: {MEANING[needed]}."}
    elif surface.why:
        told["description"] = f"For everybody: {surface.why}."
    body = _body(method, operation, schemas)
    return told if body is None else {**told, "requestBody": body}


def _answer(operation: Operation, schemas: _Schemas) -> Document:
    if operation.gives is None:
        return {"description": "done"}
    content = {operation.gives_as: {"schema": schemas.of(operation.gives)}}
    return {"description": "done", "content": content}


def _in_path(path: str) -> list[Document]:
    schema = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _in_query(method: str, operation: Operation, schemas: _Schemas) -> list[Document]:
    if method != "GET" or operation.takes is None:
        return []
    fields, required = schemas.fields(operation.takes)
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in fields.items()
    ]


def _body(method: str, operation: Operation, schemas: _Schemas) -> Document | None:
    if method not in ("POST", "PUT", "PATCH"):
        return None
    if operation.sends != JSON:
        return {"required": True, "content": {operation.sends: {"schema": {"type": "string"}}}}
    if operation.takes is None:
        return {"content": {JSON: {"schema": {"type": "object"}}}} if operation.is_free else None
    _, required = schemas.fields(operation.takes)
    return {"required": bool(required), "content": {JSON: {"schema": schemas.of(operation.takes)}}}


def _problem() -> Document:
    return {
        "description": "it was not done; `code` is for programs, `detail` and `hint` are for people",
        "content": {PROBLEM: {"schema": {"$ref": REF.format(name="Problem")}}},
    }


def _tag(path: str) -> str:
    return "picos" if path.startswith(("/c/", "/sky/")) else path.strip("/").split("/")[:2][-1]


@cache
def _name(method: str, path: str) -> str:
    words = re.findall(r"\w+", path.replace("{", "by-").replace("}", ""))
    return "_".join([method.lower(), *words])
