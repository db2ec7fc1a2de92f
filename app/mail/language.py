"""The part of Jinja a template may use.

A template speaks of fields, `contact.first_name`, `brand.home`, and of nothing else: no calls, no attributes of
objects, no macros, no includes, nothing that can grow without bound. What is not on the lists here is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.mail.source import Problem

FILTERS = frozenset(
    [
        "abs",
        "capitalize",
        "count",
        "d",
        "default",
        "first",
        "float",
        "int",
        "join",
        "last",
        "length",
        "lower",
        "round",
        "title",
        "trim",
        "truncate",
        "upper",
        "urlencode",
    ]
)
TESTS = frozenset(
    [
        "defined",
        "undefined",
        "none",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "equalto",
        "in",
        "string",
        "number",
        "odd",
        "even",
        "true",
        "false",
    ]
)
OPEN_ROOTS = frozenset({"contact", "company"})
CLOSED_ROOTS: Mapping[str, frozenset[str]] = {
    "sender": frozenset({"name", "first_name", "title", "signature", "email"}),
    "brand": frozenset({"name", "legal_name", "postal_address", "home", "mark"}),
    "links": frozenset({"unsubscribe", "preferences", "why", "web_view", "referral"}),
    "mail": frozenset({"subject", "locale", "topic", "sequence", "why", "remaining"}),
    "task": frozenset({"title", "body", "due", "url", "lines"}),
    "ask": frozenset({"question"}),
}
LISTS = frozenset({"task.lines"})
MAX_LOOP = 50
# What these may be told: a length or a width out of a contact's data could be any.
_MAX_ARGUMENT = {"round": 20, "truncate": 10_000, "join": 0}
_MAX_JOINT = 40
# The programs are delimited by control characters, so none may come out of a template.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_BINARY = (nodes.Add, nodes.Sub)
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Const, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat, nodes.List, nodes.Tuple,
    nodes.Keyword,
)  # fmt: skip
_REMEDY = "Use fields, if, for over a list, and the filters " + ", ".join(sorted(FILTERS)) + "."


@dataclass(slots=True)
class Findings:
    """What one Jinja text uses, and what in it is refused."""

    fields: dict[str, None] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


_READER = ImmutableSandboxedEnvironment(keep_trailing_newline=True)


def lex(text: str) -> Iterator[tuple[int, str, str]]:
    """Jinja's own tokens of an ordinary template text: (line, kind, raw value)."""
    return iter(_READER.lexer.tokeniter(text, None))


def inspect(text: str, *, where: str = "", line: int = 0) -> Findings:
    """Check one file's or value's Jinja. `line` is added to the lines reported."""
    found = Findings()
    control = _CONTROL.search(text)
    if control:
        place = text.count("\n", 0, control.start()) + 1 + line
        found.problems.append(
            Problem(place, "control_character", "the text holds a control character", "Remove it.", where)
        )
        return found
    at = 0
    try:
        sizes: dict[int, int] = {}
        for place, kind, _value in lex(text):
            sizes[place] = sizes.get(place, 0) + (kind != "data")
        at = max(sizes, key=sizes.__getitem__, default=0)
        _Inspector(found, where, line).visit(_READER.parse(text), frozenset(), None, True)
    except TemplateSyntaxError as error:
        found.problems.append(
            Problem(
                error.lineno + line, "jinja_syntax", str(error.message), "Close every {{ }} and {% %}.", where
            )
        )
    except ValueError:
        found.problems.append(
            Problem(
                at + line,
                "bad_number",
                "a number has too many digits",
                "Put quotes around it, or shorten it.",
                where,
            )
        )
    except RecursionError:
        found.problems.append(
            Problem(at + line, "too_deep", "an expression is nested too deeply", _REMEDY, where)
        )
    return found


def dotted(node: nodes.Node) -> str | None:
    """`contact.first_name` for the tree of such a field, else None."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return None


def literal(text: str) -> str:
    """The text as a string constant of the template language."""
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'


class _Inspector:
    """Walks a tree by allow-list; `guards` are the fields a surrounding condition has asked about."""

    def __init__(self, found: Findings, where: str, line: int) -> None:
        self.found = found
        self.where = where
        self.line = line

    def refuse(self, node: nodes.Node, what: str, remedy: str = _REMEDY) -> None:
        line = node.lineno or next((child.lineno for child in node.find_all(nodes.Node) if child.lineno), 0)
        self.found.problems.append(Problem(line + self.line, "jinja_refused", what, remedy, self.where))

    def visit(self, node: nodes.Node, guards: frozenset[str], loop: str | None, printed: bool) -> None:
        name = dotted(node)
        if name is not None:
            self.field(node, name, guards, loop, printed)
        elif isinstance(node, nodes.Name):
            if node.name != loop:
                self.refuse(
                    node, f"{node.name} is no field", "Write contact.first_name, brand.name and the like."
                )
        elif isinstance(node, nodes.For):
            self.loop(node, guards, loop)
        elif isinstance(node, nodes.If | nodes.CondExpr):
            self.condition(node, guards, loop, printed)
        elif isinstance(node, nodes.Filter):
            self.filter(node, guards, loop, printed)
        elif isinstance(node, nodes.Test):
            if node.name not in TESTS:
                self.refuse(node, f"the test {node.name} is not available")
            self.children(node, guards, loop, False)
        elif isinstance(node, nodes.Compare | nodes.And | nodes.Or | nodes.Not):
            self.children(node, guards, loop, False)
        elif isinstance(node, (*_PLAIN, *_BINARY)):
            self.children(node, guards, loop, printed)
        else:
            self.refuse(node, f"{type(node).__name__.lower()} is not available in a template")

    def children(self, node: nodes.Node, guards: frozenset[str], loop: str | None, printed: bool) -> None:
        for child in node.iter_child_nodes():
            self.visit(child, guards, loop, printed)

    def field(
        self, node: nodes.Node, name: str, guards: frozenset[str], loop: str | None, printed: bool
    ) -> None:
        root, _, key = name.partition(".")
        if root == loop:
            if not _FIELD_NAME.fullmatch(key):
                self.refuse(node, f"{name} is no field")
            return
        known = CLOSED_ROOTS.get(root)
        if root not in OPEN_ROOTS and known is None:
            self.refuse(
                node, f"{root} is unknown", f"Known: {', '.join(sorted(OPEN_ROOTS | CLOSED_ROOTS.keys()))}."
            )
        elif not _FIELD_NAME.fullmatch(key) or (known is not None and key not in known):
            choice = ", ".join(sorted(known)) if known else "lower-case letters, digits and _"
            self.refuse(node, f"{name} is no field", f"{root} has: {choice}.")
        else:
            self.found.fields[name] = None
            if printed and name not in guards:
                self.found.required[name] = None

    def loop(self, node: nodes.For, guards: frozenset[str], outer: str | None) -> None:
        name = dotted(node.iter)
        if outer is not None or node.recursive or node.test is not None:
            self.refuse(node, "a loop inside a loop is not available", "Write the inner lines out.")
        elif not isinstance(node.target, nodes.Name) or node.target.name in OPEN_ROOTS | CLOSED_ROOTS.keys():
            self.refuse(
                node, "the loop's variable is no plain new name", "Write {% for line in task.lines %}."
            )
        elif name in LISTS:
            self.found.fields[name] = None
        elif not isinstance(node.iter, nodes.List | nodes.Tuple) or len(node.iter.items) > MAX_LOOP:
            self.refuse(
                node, "a loop runs over a known list only", f"Known lists: {', '.join(sorted(LISTS))}."
            )
        else:
            self.children(node.iter, guards, None, False)
        target = node.target.name if isinstance(node.target, nodes.Name) else ""
        for child in [*node.body, *node.else_]:
            self.visit(child, guards, target, True)

    def condition(
        self, node: nodes.If | nodes.CondExpr, guards: frozenset[str], loop: str | None, printed: bool
    ) -> None:
        asked = {found for found in map(dotted, node.test.find_all(nodes.Getattr)) if found}
        own = dotted(node.test)
        inner = guards | asked | ({own} if own else set())
        self.visit(node.test, guards, loop, False)
        for child in node.iter_child_nodes(exclude=("test",)):
            self.visit(child, inner, loop, printed)

    def filter(self, node: nodes.Filter, guards: frozenset[str], loop: str | None, printed: bool) -> None:
        if node.name not in FILTERS or node.dyn_args is not None or node.dyn_kwargs is not None:
            self.refuse(node, f"the filter {node.name} is not available")
        elif node.name in _MAX_ARGUMENT:
            self.bounded(node)
        if node.node is not None:
            self.visit(node.node, guards, loop, printed and node.name not in {"default", "d"})
        for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
            self.visit(argument, guards, loop, printed)

    def bounded(self, node: nodes.Filter) -> None:
        """Filters whose result grows with what they are told get short words and numbers that are written out."""
        most = _MAX_ARGUMENT[node.name]
        if node.name == "join" and not _is_list(node.node):
            self.refuse(node, "join joins a list only", "Write task.lines | join(', ').")
        for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
            value = argument.value if isinstance(argument, nodes.Const) else None
            if isinstance(value, str | bool):
                if len(str(value)) <= _MAX_JOINT:
                    continue
            elif isinstance(value, int) and value <= most:
                continue
            remedy = (
                f"Write a number up to {most}." if most else f"Write up to {_MAX_JOINT} characters in quotes."
            )
            self.refuse(node, f"{node.name} is told too much, or by a field", remedy)


def _is_list(node: nodes.Node | None) -> bool:
    if isinstance(node, nodes.List | nodes.Tuple):
        return len(node.items) <= MAX_LOOP
    return node is not None and dotted(node) in LISTS
