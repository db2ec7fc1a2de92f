"""The environments that run templates: Jinja's immutable sandbox, narrowed once more, over plain values.

The checked tree is rewritten so that each field becomes one flat variable.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import EvalContext
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from app.mail.language import FILTERS, TESTS, dotted


class RenderError(ValueError):
    """This mail cannot be made from these values; `code` and `params` are stable."""

    def __init__(self, code: str, **params: str | int) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code} {params}" if params else code)


class MissingField(RenderError):
    """A field without value and without fall-back is printed by the template."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("missing_field", field=name)


class Blank(Undefined):
    """A field without value: false, equal to nothing, smaller than nothing, and never printed."""

    __slots__ = ()

    def __str__(self) -> str:
        raise MissingField(str(self._undefined_name))

    def _false(self, _other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _false  # type: ignore[assignment]
    __hash__ = Undefined.__hash__

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return False


class _Direct(CodeGenerator):
    """Writes what `finalize` returns as it is: text that is a piece of a mail already. Jinja makes it a `str` once more."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.finalize(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")


class _Flat(dict[str, Any]):
    """The flat values as the context of a program. It asks for nothing else: nothing may be called or included."""

    __slots__ = ()

    # What `join` looks into: whether to escape. The values are escaped on their way out instead.
    eval_ctx = EvalContext(Environment(autoescape=False))  # noqa: S701

    def __missing__(self, name: str) -> Any:
        return missing

    @property
    def resolve_or_missing(self) -> Callable[[str], Any]:
        """The dictionary itself answers: a function of ours between would be most of the cost of a mail's names."""
        return self.__getitem__


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, narrowed: subscripts of dicts only, and nothing may be called."""

    code_generator_class = _Direct
    intercepted_binops = frozenset({"*", "**", "%", "//", "/"})

    def __init__(self, finalize: Callable[[Any], str]) -> None:
        super().__init__(
            variable_start_string="\x01", variable_end_string="\x02",
            block_start_string="\x03", block_end_string="\x04",
            comment_start_string="\x05", comment_end_string="\x06",
            newline_sequence="\r\n", keep_trailing_newline=True,
            autoescape=False, undefined=Blank, finalize=finalize, cache_size=0,
        )  # fmt: skip
        self.filters = {name: self.filters[name] for name in FILTERS} | {"checked_url": checked_url}
        self.tests = {name: self.tests[name] for name in TESTS}
        self.globals = {}

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of a plain dict; anything else is blank."""
        return (
            obj.get(argument, Blank(name=str(argument))) if type(obj) is dict else Blank(name=str(argument))
        )

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Attributes of objects do not exist here."""
        return self.getitem(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """Nothing is callable."""
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Products grow without bound: refused a second time, should the check ever miss one."""
        raise RenderError("operator_refused", operator=operator)


def checked_url(value: Any) -> str:
    """A URL made of a contact's data: a web, mail or telephone address, or the mail is not sent."""
    url = str(value).strip()
    if not re.match(r"(?:https?://[^\s/\\]|mailto:[^\s]|tel:[+0-9])", url, re.I) or re.search(
        r"[\x00-\x20\x7f]", url
    ):
        raise RenderError("unsafe_link")
    return url


class _Flatten(NodeTransformer):
    """Turns `contact.first_name` into one flat variable: `f…` where it is printed, `r…` where it is asked."""

    def __init__(self, number: Mapping[str, int]) -> None:
        self.number = number
        self.asking = 0

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        name = dotted(node)
        if name is not None and name in self.number:
            flat = f"{'r' if self.asking else 'f'}{self.number[name]}"
            return nodes.Name(flat, "load", lineno=node.lineno)
        return nodes.Getitem(node.node, nodes.Const(node.attr), "load", lineno=node.lineno)

    def _asking(self, node: nodes.Node) -> nodes.Node:
        self.asking += 1
        self.generic_visit(node)
        self.asking -= 1
        return node

    visit_Test = visit_Compare = visit_Not = visit_And = visit_Or = _asking

    def _condition(self, node: nodes.If | nodes.CondExpr) -> nodes.Node:
        self.asking += 1
        node.test = self.visit(node.test)
        self.asking -= 1
        test = node.test
        node.test = nodes.Const(True)
        self.generic_visit(node)
        node.test = test
        return node

    visit_If = visit_CondExpr = _condition


def compile_program(
    sandbox: Sandbox, program: str, number: Mapping[str, int]
) -> Callable[[dict[str, Any]], Iterator[str]]:
    """The running form of a stored program: a function of the flat values that yields pieces of text."""
    tree = _Flatten(number).visit(sandbox.parse(program))
    template = sandbox.template_class.from_code(sandbox, sandbox.compile(tree), {})
    root: Any = template.root_render_func

    def run(values: dict[str, Any]) -> Iterator[str]:
        found: Iterator[str] = root(_Flat(values))
        return found

    return run
