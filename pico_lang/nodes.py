"""The shape of a parsed ruleset: frozen data with a span on every node.

The parser makes these, every later pass reads them, nothing changes them. Names are resolved in a
table beside the tree (`pico_lang.names`), never in it. Follows the grammar of the language
reference, section by section.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pico_lang.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands somewhere in the text."""

    span: Span


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A name at the place where it is declared or mentioned as a name."""

    id: str


# --- expressions -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NumberLiteral(Node):
    value: float


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    value: str


@dataclass(frozen=True, slots=True)
class BooleanLiteral(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class NullLiteral(Node):
    pass


@dataclass(frozen=True, slots=True)
class RegExpLiteral(Node):
    """`re#source#flags`; `source` keeps every escape except `\\#`, which is `#`."""

    source: str
    flags: str


@dataclass(frozen=True, slots=True)
class Chevron(Node):
    """`<<text #{expr} text>>`; text parts are already unescaped."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A plain variable."""

    id: str


@dataclass(frozen=True, slots=True)
class DomainName(Node):
    """`domain:name`: an entity variable, a member of a built-in module or of a used one."""

    domain: str
    name: str


@dataclass(frozen=True, slots=True)
class ArrayLiteral(Node):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MapEntry(Node):
    key: str
    value: Expression


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    entries: tuple[MapEntry, ...]


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: Identifier
    default: Expression | None


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    parameters: tuple[Parameter, ...]
    declarations: tuple[Declaration, ...]
    result: Expression


@dataclass(frozen=True, slots=True)
class ActionLiteral(Node):
    """`defaction(…){ … }`."""

    parameters: tuple[Parameter, ...]
    declarations: tuple[Declaration, ...]
    block: ActionBlock
    result: Expression | None


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """A call's argument; `name` is None when it is positional."""

    name: Identifier | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`callee(arguments)`."""

    callee: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class MethodCall(Node):
    """`target.name(arguments)` or `target.domain:name(arguments)`."""

    target: Expression
    domain: str | None
    name: Identifier
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class PropertyRead(Node):
    """`target.name` (or `target.domain:name`) without a call; deprecated."""

    target: Expression
    domain: str | None
    name: Identifier


@dataclass(frozen=True, slots=True)
class PathRead(Node):
    """`target{key}` (braces) or `target[key]`."""

    target: Expression
    key: Expression
    brackets: Literal["{}", "[]"]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    operator: Literal["+", "-", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Any infix operator but the conditional, `||` and `&&` included."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`test => then | otherwise`."""

    test: Expression
    then: Expression
    otherwise: Expression


Expression = (
    NumberLiteral
    | StringLiteral
    | BooleanLiteral
    | NullLiteral
    | RegExpLiteral
    | Chevron
    | Name
    | DomainName
    | ArrayLiteral
    | MapLiteral
    | FunctionLiteral
    | ActionLiteral
    | Call
    | MethodCall
    | PropertyRead
    | PathRead
    | Unary
    | Binary
    | Conditional
)


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """`name = value`."""

    name: Identifier
    value: Expression


# --- event expressions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttributeMatch(Node):
    """`attribute re#…#` inside a base event expression."""

    attribute: str
    pattern: RegExpLiteral


@dataclass(frozen=True, slots=True)
class BaseEvent(Node):
    """`domain:name attr re#…# setting(a, b) where condition`."""

    domain: str
    name: str
    matches: tuple[AttributeMatch, ...]
    setting: tuple[Identifier, ...]
    where: Expression | None
    where_first: bool = False
    """True for the deprecated order, `where` in front of `setting`."""


@dataclass(frozen=True, slots=True)
class EventOperator(Node):
    """`a or b`, or in call form `or(a, b, c)`; infix ones have two operands and lean left."""

    operator: Literal["or", "and", "before", "then", "after"]
    operands: tuple[EventExpression, ...]
    infix: bool


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`event between(opening, closing)` and `event not between(opening, closing)`."""

    event: EventExpression
    opening: EventExpression
    closing: EventExpression
    negated: bool


@dataclass(frozen=True, slots=True)
class AnyOf(Node):
    """`any count (a, b, …)`."""

    count: int
    operands: tuple[EventExpression, ...]


@dataclass(frozen=True, slots=True)
class Aggregator(Node):
    """`max(a, b)` and the like after `count n (…)` or `repeat n (…)`."""

    function: Literal["max", "min", "sum", "avg", "push"]
    names: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Counted(Node):
    """`count n (e)` and `repeat n (e)`."""

    kind: Literal["count", "repeat"]
    count: int
    event: BaseEvent
    aggregator: Aggregator | None


EventExpression = BaseEvent | EventOperator | Between | AnyOf | Counted


@dataclass(frozen=True, slots=True)
class Within(Node):
    """`within amount unit`; `unit` is the singular: second, minute, hour, day, week, month, year."""

    amount: Expression
    unit: str


@dataclass(frozen=True, slots=True)
class SelectWhen(Node):
    event: EventExpression
    within: Within | None


@dataclass(frozen=True, slots=True)
class SelectWhere(Node):
    """`select where condition`: tried on every event of the pico."""

    condition: Expression


# --- rules -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Foreach(Node):
    collection: Expression
    setting: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Action(Node):
    """`label => domain:name(arguments) setting(result)`."""

    label: Identifier | None
    domain: str | None
    name: Identifier
    arguments: tuple[Argument, ...]
    setting: Identifier | None


@dataclass(frozen=True, slots=True)
class ActionBlock(Node):
    """What a rule or a defaction does; `choice` is the discriminator of `choose`."""

    condition: Expression | None
    kind: Literal["single", "every", "sample", "choose"]
    choice: Expression | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`domain:name{path} := value`; a checked program has only `ent` here."""

    domain: str
    name: Identifier
    path: Expression | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Clear(Node):
    """`clear domain:name{path}`."""

    domain: str
    name: Identifier
    path: Expression | None


@dataclass(frozen=True, slots=True)
class Raise(Node):
    """`raise domain event type for rid attributes map`; without `domain`, `event` is "d:t"."""

    domain: Identifier | None
    event: Expression
    for_rid: Expression | None
    attributes: Expression | None


@dataclass(frozen=True, slots=True)
class Schedule(Node):
    """`schedule domain event type at|repeat timing attributes map setting(id)`."""

    domain: Identifier | None
    event: Expression
    kind: Literal["at", "repeat"]
    timing: Expression
    attributes: Expression | None
    setting: Identifier | None


@dataclass(frozen=True, slots=True)
class Log(Node):
    level: Literal["error", "warn", "info", "debug"]
    value: Expression


@dataclass(frozen=True, slots=True)
class RaiseError(Node):
    """`error level value`."""

    level: Literal["error", "warn", "info", "debug"]
    value: Expression


@dataclass(frozen=True, slots=True)
class Last(Node):
    pass


StatementCore = Assign | Clear | Raise | Schedule | Log | RaiseError | Last | Declaration


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """One postlude statement with its guard: `… if condition` or `… on final`."""

    core: StatementCore
    condition: Expression | None
    on_final: bool


@dataclass(frozen=True, slots=True)
class Block(Node):
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Postlude(Node):
    """`always`, or `fired`/`notfired` with `else` and `finally`."""

    kind: Literal["always", "fired", "notfired"]
    body: Block
    otherwise: Block | None
    final: Block | None


@dataclass(frozen=True, slots=True)
class Rule(Node):
    name: Identifier
    active: bool
    select: SelectWhen | SelectWhere | None
    loops: tuple[Foreach, ...]
    pre: tuple[Declaration, ...]
    block: ActionBlock | None
    postlude: Postlude | None


# --- tests -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenPreset(Node):
    """`given time "…"`, `given seed "…"` and `given ruleset "file.krl"`."""

    kind: Literal["time", "seed", "ruleset"]
    value: StringLiteral


@dataclass(frozen=True, slots=True)
class GivenConfiguration(Node):
    """`given configuration map`: what the ruleset is installed with."""

    value: Expression


@dataclass(frozen=True, slots=True)
class GivenEntity(Node):
    """`given ent:name{path} := value`; a checked program has only `ent` here."""

    domain: str
    name: Identifier
    path: Expression | None
    value: Expression


@dataclass(frozen=True, slots=True)
class GivenAnswer(Node):
    """`given http:get for url answers map`; without `for`, the answer to any such request."""

    domain: str
    name: Identifier
    asked: Expression | None
    answer: Expression


@dataclass(frozen=True, slots=True)
class Send(Node):
    """`send domain:name attributes map`."""

    domain: str
    name: str
    attributes: Expression | None


@dataclass(frozen=True, slots=True)
class Wait(Node):
    """`wait amount unit`; `unit` is the singular."""

    amount: Expression
    unit: str


@dataclass(frozen=True, slots=True)
class Details(Node):
    """`with map` (at least these entries) and `exactly map` (these and no others)."""

    exact: bool
    value: Expression


@dataclass(frozen=True, slots=True)
class ExpectValue(Node):
    """`expect expression`, which has to be true."""

    value: Expression


@dataclass(frozen=True, slots=True)
class ExpectDirective(Node):
    """`expect no directive "name" with map`; without a name, any directive."""

    negated: bool
    name: StringLiteral | None
    details: Details | None


@dataclass(frozen=True, slots=True)
class ExpectEvent(Node):
    """`expect no raised domain:name with map`, and the same for sent and scheduled events."""

    negated: bool
    kind: Literal["raised", "sent", "scheduled"]
    domain: str
    name: str
    details: Details | None


@dataclass(frozen=True, slots=True)
class ExpectError(Node):
    """`expect error "R601"` and `expect no error`; without a code, any error."""

    negated: bool
    code: StringLiteral | None


@dataclass(frozen=True, slots=True)
class ExpectFault(Node):
    """`expect error "R601" from expression`: evaluating it has to fail."""

    code: StringLiteral | None
    value: Expression


Given = GivenPreset | GivenConfiguration | GivenEntity | GivenAnswer
Expectation = ExpectValue | ExpectDirective | ExpectEvent | ExpectError | ExpectFault
TestStep = Declaration | Given | Send | Wait | Expectation


@dataclass(frozen=True, slots=True)
class Test(Node):
    """`test "name" { steps }`, behind the rules or in a file of its own. No part of the program."""

    name: StringLiteral
    steps: tuple[TestStep, ...]


@dataclass(frozen=True, slots=True)
class TestFile(Node):
    """`tests for "relative.krl" { … }`."""

    target: StringLiteral
    tests: tuple[Test, ...]


# --- the ruleset -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MetaText(Node):
    """`version`, `name`, `description` or `author`."""

    property: Literal["version", "name", "description", "author"]
    value: Expression


@dataclass(frozen=True, slots=True)
class MetaLogging(Node):
    on: bool


@dataclass(frozen=True, slots=True)
class MetaKey(Node):
    """`key name value`; parsed for the sake of a good refusal."""

    name: Identifier
    value: Expression


@dataclass(frozen=True, slots=True)
class UseModule(Node):
    """`use module rid alias name with x = e`; without an alias the rid is the domain."""

    rid: Identifier
    alias: Identifier | None
    configuration: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class ErrorsTo(Node):
    """`errors to rid`; parsed for the sake of a good refusal."""

    rid: Identifier


@dataclass(frozen=True, slots=True)
class Configure(Node):
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class Provides(Node):
    names: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class ProvidesKeys(Node):
    """`provides keys a, b to rid`; parsed for the sake of a good refusal."""

    names: tuple[Identifier, ...]
    rids: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Shares(Node):
    names: tuple[Identifier, ...]


ANY_VERSION = "*"
"""What an upgrade block is for that no other block of its ruleset is for."""


@dataclass(frozen=True, slots=True)
class Upgrade(Node):
    """`upgrade from "1.0", "1.1" { statements }`: what becomes of the entity variables of those versions."""

    versions: tuple[StringLiteral, ...]
    body: Block


MetaItem = (
    MetaText
    | MetaLogging
    | MetaKey
    | UseModule
    | ErrorsTo
    | Configure
    | Provides
    | ProvidesKeys
    | Shares
    | Upgrade
)


@dataclass(frozen=True, slots=True)
class Ruleset(Node):
    rid: Identifier
    version: StringLiteral | None
    """The deprecated `version "…"` in front of `meta`."""
    meta: tuple[MetaItem, ...]
    declarations: tuple[Declaration, ...]
    """The declarations of `global`."""
    rules: tuple[Rule, ...]
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class Snippet(Node):
    """What people type at a prompt: declarations, and perhaps an expression to end with."""

    declarations: tuple[Declaration, ...]
    result: Expression | None
