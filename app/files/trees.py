"""YAML text to plain trees with the place of every node, so that a finding can name its line.

The text stays the document: nothing here writes it anew.
"""

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarbool import ScalarBoolean

from app.core.reading import Finding, Node, Path

LARGEST = 200_000
LARGEST_NUMBER = 10**15
MOST_NODES = 50_000
DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Marks:
    """Line and column (from 1) of each path."""

    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest place above it that has one."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))[0]


@dataclass(frozen=True, slots=True)
class Document:
    """A text read: its tree (dicts, lists, scalars), its marks, and what was wrong with the YAML itself."""

    text: str
    tree: Any
    marks: Marks
    findings: tuple[Finding, ...] = ()

    def node(self) -> Node:
        return Node(self.tree, (), list(self.findings))


class _Refused(Exception):
    """What YAML allows and a definition must not hold: where, what, and the remedy."""

    def __init__(self, path: Path, message: str, remedy: str) -> None:
        super().__init__(message)
        self.finding = Finding("error", path, message, remedy)


def read_document(text: str) -> Document:
    """Read YAML 1.2. A fault of the text becomes a finding whose path leads to its line; nothing is raised."""
    marks = Marks()
    if len(text) > LARGEST:
        return _broken(text, marks, 1, "The file is larger than 200 kB.", "Split it.")
    yaml = YAML(typ="rt", pure=True)
    yaml.allow_duplicate_keys = False
    try:
        loaded = yaml.load(text)
        tree = _plain(loaded, (), marks, [0])
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return _broken(
            text, marks, line, f"This is not YAML: {error.problem or error.context}.", _remedy(error)
        )
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return _broken(text, marks, line, "Here is a character that YAML does not allow.", "Delete it.")
    except RecursionError:
        return _broken(text, marks, 1, "The entries are nested too deep.", f"Nest up to {DEEPEST} deep.")
    except _Refused as refused:
        return Document(text, None, marks, (refused.finding,))
    except Exception as error:  # the parser has more ways to fail on odd tags than its own errors
        fault = " ".join(str(error).split())[:200]
        return _broken(text, marks, 1, f"This is not YAML: {fault}.", "Look for odd tags and characters.")
    return Document(text, tree, marks)


def _remedy(error: MarkedYAMLError) -> str:
    if "tab" in str(error.problem):
        return "Indent with spaces."
    if "duplicate" in str(error.problem):
        return "Keep one of the two."
    return "Look at the indentation and the quotes here and in the line above."


def _broken(text: str, marks: Marks, line: int, message: str, remedy: str) -> Document:
    path: Path = ("",)
    marks.places[path] = (line, 1)
    return Document(text, None, marks, (Finding("error", path, message, remedy),))


def _plain(value: Any, path: Path, marks: Marks, count: list[int]) -> Any:
    count[0] += 1
    if count[0] > MOST_NODES:
        raise _Refused((), f"There are more than {MOST_NODES} entries.", "Write it out without anchors.")
    if len(path) > DEEPEST:
        raise _Refused(path, "The entries are nested too deep.", f"Nest up to {DEEPEST} deep.")
    if isinstance(value, CommentedMap):
        marks.places.setdefault(path, (value.lc.line + 1, value.lc.col + 1))
        plain = {}
        for key, inner in value.items():
            place = value.lc.data.get(key) if value.lc.data else None
            if place:
                marks.places[(*path, str(key))] = (place[0] + 1, place[1] + 1)
            if str(key) in plain:
                raise _Refused((*path, str(key)), f"“{key}” stands here twice.", "Keep one of the two.")
            plain[str(key)] = _plain(inner, (*path, str(key)), marks, count)
        return plain
    if isinstance(value, CommentedSeq):
        for index in range(len(value)):
            place = value.lc.data.get(index) if value.lc.data else None
            if place:
                marks.places[(*path, index)] = (place[0] + 1, place[1] + 1)
        return [_plain(inner, (*path, index), marks, count) for index, inner in enumerate(value)]
    # Round-trip loading wraps scalars to remember how they were written; the core wants them bare.
    if isinstance(value, ScalarBoolean):
        return bool(value)
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise _Refused(path, "This number is too large.", "Write up to 15 digits, or put it in quotes.")
    for bare in (bool, int, float, str):
        if isinstance(value, bare):
            return bare(value)
    return value
