"""How a ruleset and its meta block are laid out."""

from __future__ import annotations

from collections.abc import Sequence

from pico_lang.formatting.layout import COMMA, HARD, LINE, Layout, group, join, nest, separated, text
from pico_lang.formatting.page import Page
from pico_lang.formatting.rules import part_layout
from pico_lang.nodes import (
    Configure,
    ErrorsTo,
    Identifier,
    MetaItem,
    MetaKey,
    MetaLogging,
    MetaText,
    Provides,
    ProvidesKeys,
    Ruleset,
    Shares,
    StringLiteral,
    Upgrade,
    UseModule,
)


def ruleset(page: Page, node: Ruleset) -> Layout:
    series = page.series(node)
    layouts = [part_layout(page, part) for part in series.parts]
    if node.version is not None:
        layouts[0] = join("version ", layouts[0])
    return page.block(join("ruleset ", page.of(node.rid), " {"), series, layouts, spaced=True)


def meta_item(page: Page, node: MetaItem) -> Layout:
    match node:
        case MetaText():
            return join(f"{node.property} ", page.of(node.value))
        case MetaLogging():
            return join("logging ", "on" if node.on else "off")
        case MetaKey():
            return join("key ", page.of(node.name), " ", page.of(node.value))
        case UseModule():
            return _use_module(page, node)
        case ErrorsTo():
            return join("errors to ", page.of(node.rid))
        case Configure():
            return _configure(page, node)
        case Provides():
            return _named(page, "provides", node.names)
        case ProvidesKeys():
            return join(_named(page, "provides keys", node.names), " ", _named(page, "to", node.rids))
        case Shares():
            return _named(page, "shares", node.names)
        case Upgrade():
            return join(_named(page, "upgrade from", node.versions), " ", page.of(node.body))


def _named(page: Page, word: str, names: Sequence[Identifier | StringLiteral]) -> Layout:
    return group(f"{word} ", nest(separated(COMMA, (page.of(name) for name in names))))


def _use_module(page: Page, node: UseModule) -> Layout:
    alias = join(" alias ", page.of(node.alias)) if node.alias is not None else ""
    used = join("use module ", page.of(node.rid), alias)
    if not node.configuration:
        return used
    given = separated(join(LINE, "and "), (page.of(each) for each in node.configuration))
    return group(used, nest(LINE, "with ", given))


def _configure(page: Page, node: Configure) -> Layout:
    layouts = [page.of(each) for each in node.declarations]
    if not layouts:
        return text("configure using")
    series = page.series(node)
    if len(layouts) == 1 and not page.has_comments(series):
        return join("configure using ", *layouts)
    return join("configure using", nest(HARD, page.lines(series, layouts)))
