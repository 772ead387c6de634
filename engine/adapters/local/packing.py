"""How records and snapshots lie in the file: compressed, with a dictionary of what ours have in common.

A record is a kilobyte of JSON of which most is the same in every other. Deflate alone halves it; primed
with the words below it leaves less than a third, and ten thousand picos fit where three thousand did. Only
the file knows: everybody else sees the bytes that were given, whose hashes are what they always were.
"""

from __future__ import annotations

import zlib

LARGEST = 64 << 10
"""Bytes that are compressed. More would keep the event loop for milliseconds, and are few."""

DICTIONARY = b"".join(
    (
        b'"code":"R701","places":[["fault":{"code":"","message":"","places":[]},"timing":"repeat","due":179',
        b'"kind":"at","timer":"","default_policy":"deny","via":["query":{"eci":"","rid":"","name":"","args":{}',
        b'"ask":{"kind":"http","content":{"method":"GET","url":"https://","headers":{},"reply":{"complaint":{',
        b'["put_timer",{"id":"","rid":"","kind":"at","timing":["remove_timer","["put_will",["remove_will",',
        b'["clear_entity","["set_pattern","["clear_pattern","["clear_entity_path","["remove_channel","',
        b'["remove_child","["remove_ruleset","["set_grant","["add_child",{"eci":"","pico":"',
        b'"log":[["error","warn","info","debug","klog"],"status_code":200,"content":"null,true,false,',
        b'"domain":"system","name":"error","attrs":{"level":"error","data":"","rid":"","rule_name":"","genus":"',
        b'"attrs":{"_headers":{"host":"127.0.0.1:3000","user-agent":"Mozilla/5.0","accept":"*/*","origin":"',
        b'"accept-encoding":"gzip, deflate, br","connection":"keep-alive","content-type":"application/json"',
        b',"content-length":"8"}},"eid":"","library:io.picolabs.subscription","library:io.picolabs.pds",',
        b'"library:io.picolabs.pico-engine-ui","name":"wellKnown_Rx","Tx":"","Rx":"","Tx_role":"Rx_role":"',
        b'"channel_type":"subscription","domain":"wrangler","name":"subscription_added","inbound_pending_',
        b'"domain":"wrangler","name":"install_ruleset_request","attrs":{"url":"file:///","config":{}},"eid":"',
        b'"name":"child_deletion_request","name":"child_initialized","attrs":{"name":"","eci":"","uiEci":"c',
        b'"name":"new_child_request","attrs":{"name":"p1","backgroundColor":"#87cefa","name":"pico_created",',
        b'["set_entity_path","io.picolabs.wrangler","children",["c","parent_eci"],"c',
        b'["set_entity","io.picolabs.wrangler","name","directives":[{"name":"","options":{"answer":',
        b'["put_ruleset",{"rid":"","answers":[{"rid":"","hash":"","url":"',
        b'"effects":[{"create":{"id":"c"effects":[{"send":{"eci":"c","domain":"","name":"","attrs":{},"eid":"',
        b'"rulesets":[{"rid":"io.picolabs.wrangler","url":"library:io.picolabs.wrangler","hash":"","config":{},',
        b'"inputs":{"time":179,"seed":"","answers":[{"value":null}]}}],"entities":{"patterns":{},"timers":[],',
        b'"grants":{},"wills":{}}}{"format":1,"chain":"","pico":{"id":"c","seq":0,"parent":"c","children":[],',
        b'"channels":[{"eci":"c","tags":["system","self"],"events":{"allow":[["*","*"]],"deny":[]},',
        b'"queries":{"allow":[["*","*"]],"deny":[]},"family":"c"},{"eci":"c","tags":["system","child"],',
        b'"events":{"allow":[["*","*"]],"deny":[]},"queries":{"allow":[["*","*"]],"deny":[]},"family":"c"}],',
        b'["put_channel",{"eci":"c","tags":["engine","ui"],"events":{"allow":[["*","*"]],"deny":[]},',
        b'"queries":{"allow":[["*","*"]],"deny":[]}}],{"format":1,"seq":1,"previous":"","turn":{"event":{',
        b'"eci":"c","domain":"","name":"","attrs":{},"eid":"","sender":"c"},"inputs":{"time":179,"seed":""}},',
        b'"steps":10,"changes":[["set_entity","',
    )
)
"""Never changed: what was compressed with it could not be read any more. A better one gets another mark."""

MARK = b"\x01"
"""Before what was compressed with it. JSON begins otherwise."""

IN_PARTS = b"\x02"
"""What a snapshot begins with of which the pieces are kept elsewhere; how many they are follows."""

_LEVEL, _WINDOW, _MEMORY = 6, -13, 6
"""A window of eight kilobytes has room for the dictionary and a record, and costs half of setting up
the largest."""


def pack(body: bytes) -> bytes:
    """A body as it is written."""
    if len(body) > LARGEST and body[:1] != MARK:
        return body
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    return MARK + deflate.compress(body) + deflate.flush()


def pack_count(parts: int) -> bytes:
    """A snapshot as it is written that consists of so many pieces."""
    return IN_PARTS + str(parts).encode()


def count_of(packed: bytes) -> int | None:
    """Of how many pieces a snapshot consists; None if it is whole."""
    count = packed[1:]
    return int(count) if packed[:1] == IN_PARTS and count.isdigit() else None


def unpack(packed: bytes) -> bytes:
    """A body as it was given. One that is damaged is left as it is: no reader of bodies takes it for one."""
    if packed[:1] != MARK:
        return packed
    inflate = zlib.decompressobj(_WINDOW, DICTIONARY)
    try:
        return inflate.decompress(packed[1:])
    except zlib.error:
        return packed
