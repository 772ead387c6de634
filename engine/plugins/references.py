"""Modules as worker processes get to know them: signatures as data, functions as names to import.

Only functions are run there. A question or an effect leaves the run, wherever that is, so it can be whatever
Python has: a method of an object that holds a connection, say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from importlib import import_module
from typing import Any

from engine.core.catalogue import Catalogue, Domain
from engine.core.domains import BUILT_IN
from engine.plugins.calls import make_domain
from engine.plugins.declaration import Declared, Module
from engine.plugins.parameters import Parameter

Plain = Any
"""As in `engine.core.codec`."""


def check_references(module: Module) -> str | None:
    """Why worker processes could not find the functions of a module, or None."""
    for name, one in module.members.items():
        if one.kind == "function" and not _is_found(one.run):
            return (
                f"worker processes cannot find its function {name}; define it by name at the top of a Python "
                f"module that can be imported (the program that was started is none), or set workers = 0"
            )
    return None


def _is_found(function: Callable[..., Any]) -> bool:
    module = getattr(function, "__module__", None)
    if module in (None, "__main__") or not hasattr(function, "__qualname__"):
        return False
    try:
        return _find(_reference(function)) is function
    except (ImportError, AttributeError):
        return False


def _reference(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def _find(reference: str) -> Any:
    module, _, path = reference.partition(":")
    return reduce(getattr, path.split("."), import_module(module))


def describe(modules: Iterable[Module], with_code: bool) -> Plain:
    """For a worker process. Those that only compile need no code."""
    return [
        {
            "name": module.name,
            "members": {name: _pack(one, with_code) for name, one in module.members.items()},
        }
        for module in modules
    ]


def _pack(one: Declared, with_code: bool) -> Plain:
    return {
        "kind": one.kind,
        "parameters": [[each.name, each.type, each.takes_null, each.default] for each in one.parameters],
        "acts": one.acts,
        "steps": one.steps,
        "takes_meter": one.takes_meter,
        "code": _reference(one.run) if with_code and one.kind == "function" else None,
    }


def read_catalogue(plain: Plain) -> Catalogue:
    """In the worker process: everything that the engine has. Imports the functions."""
    return Catalogue([*BUILT_IN.domains.values(), *map(_domain, plain)])


def _domain(plain: Mapping[str, Plain]) -> Domain:
    return make_domain(plain["name"], {name: _unpack(one) for name, one in plain["members"].items()})


def _unpack(plain: Plain) -> Declared:
    parameters = tuple(Parameter(*each) for each in plain["parameters"])
    declared = Declared(
        plain["kind"],
        _run_elsewhere,
        parameters,
        acts=plain["acts"],
        steps=plain["steps"],
        takes_meter=plain["takes_meter"],
    )
    return declared if plain["code"] is None else replace(declared, run=_find(plain["code"]))


def _run_elsewhere(*arguments: Any) -> Any:
    raise RuntimeError("this process has the signatures of plugins, and not their code")
