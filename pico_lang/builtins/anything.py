"""Operators on values of any type: conversion, inspection, logging and JSON.

Here as in every module of this package parameters are called what programs call them, because a call
may name its arguments.
"""

from __future__ import annotations

import re

from pico_lang import json_text
from pico_lang.builtins.arguments import MISSING
from pico_lang.coercion import clamp, number_of, to_number, to_string, truthy
from pico_lang.errors import TypeFault
from pico_lang.paths import is_collection
from pico_lang.regexps import check_regexp
from pico_lang.runtime import Runtime
from pico_lang.utf16 import whole
from pico_lang.values import RegExp, Value, is_null, is_number, type_of


def as_(rt: Runtime, val: Value = None, type: Value = MISSING) -> Value:
    """`as`: the value as one of another type."""
    if type is MISSING or typeof(rt, val) == type:
        return val
    conversion = _CONVERSIONS.get(type) if type.__class__ is str else None
    if conversion is None:
        raise TypeFault(f'.as("{to_string(type)}") cannot convert {to_string(val)} (a {type_of(val)})')
    return conversion(val)


def _as_boolean(val: Value) -> bool:
    return val != "false" and truthy(val)


def _as_regexp(val: Value) -> RegExp:
    source = to_string(val)
    if val.__class__ is not str and source.startswith("["):
        # The name of a type in brackets, such as [Map], would be a class of characters.
        source = rf"\[{source[1:-1]}\]"
    complaint = check_regexp(source, "")
    if complaint is not None:
        raise TypeFault(complaint)
    return RegExp(source)


def _as_hex(val: Value) -> str | None:
    """`0x1f` for whole numbers from 0 upwards, which is what reads back as the same number."""
    number = to_number(val)
    if number is None or number < 0 or not number.is_integer():
        return None
    return f"0x{int(number):x}"


_CONVERSIONS = {
    "String": to_string,
    "Number": to_number,
    "Boolean": _as_boolean,
    "RegExp": _as_regexp,
    "Hex": _as_hex,
}


def isnull(rt: Runtime, val: Value = None) -> bool:
    """`isnull`: whether the value is null."""
    return is_null(val)


def typeof(rt: Runtime, val: Value = None) -> str:
    """`typeof`: the name of the value's type. Whether a string is a `Hex` takes reading it."""
    if val.__class__ is str:
        rt.meter.charge(len(val) >> 6)
    return type_of(val)


def defaults_to(rt: Runtime, val: Value = None, defaultVal: Value = None, message: Value = None) -> Value:
    """`defaultsTo`: another value in the place of null, with a line in the log if there is a message."""
    if not is_null(val):
        return val
    if not is_null(message):
        rt.host.log("debug", to_string(message), defaultVal)
    return defaultVal


def klog(rt: Runtime, val: Value = None, message: Value = None) -> Value:
    """`klog`: log a value and hand it on."""
    rt.host.log("klog", "klog" if is_null(message) else to_string(message), val)
    return val


def encode(rt: Runtime, val: Value = None, indent: Value = None) -> str:
    """`encode`: the value as JSON text."""
    return json_text.encode(rt.meter, val, _spaces(rt, indent))


def _spaces(rt: Runtime, indent: Value) -> int:
    return max(0, clamp(number_of(rt.meter, indent) or 0.0))


def decode(rt: Runtime, val: Value = None) -> Value:
    """`decode`: the value a JSON text spells; anything else comes back as it is."""
    if val.__class__ is not str:
        return val
    try:
        return json_text.decode(rt.meter, val)
    except json_text.NotJson:
        return val


def is_empty(rt: Runtime, val: Value = None) -> bool:
    """`isEmpty`: whether nothing is in it; nothing is in numbers, Booleans and functions."""
    return not val if is_collection(val) or val.__class__ is str else True


def length(rt: Runtime, val: Value = None) -> float:
    """`length`: the number of entries, or of code points in a string."""
    return float(len(val)) if is_collection(val) or val.__class__ is str else 0.0


def sprintf(rt: Runtime, val: Value = None, template: Value = None) -> str:
    """`sprintf`: the template with the value in place of each `%d` (a number) or `%s` (a string)."""
    if is_null(template):
        return ""
    text = to_string(template)
    if is_number(val):
        return _fill(rt, text, "%d", to_string(val))
    return _fill(rt, text, "%s", val) if val.__class__ is str else text


def _fill(rt: Runtime, template: str, mark: str, filling: str) -> str:
    """A backslash protects a mark, and another backslash."""
    rt.meter.check_string(len(template) + template.count(mark) * len(filling))
    meanings = {"\\\\": "\\", "\\" + mark: mark, mark: filling}
    return whole(re.sub(rf"\\\\|\\?{mark}", lambda match: meanings[match[0]], template))
