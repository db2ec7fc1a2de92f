"""Reading a definition's tree (mappings, lists, scalars) with the place of every fault kept.

`app.files` turns the path of a finding into a line of the text.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong where, and what to do. An error keeps a definition from being published."""

    level: Literal["error", "warning"]
    path: Path
    message: str
    remedy: str = ""


@dataclass(slots=True)
class Node:
    """One place of the tree. Readers return a usable default after noting a fault, so that all faults are told."""

    value: object
    path: Path = ()
    findings: list[Finding] = field(default_factory=list)

    def error(self, message: str, remedy: str = "") -> None:
        self.findings.append(Finding("error", self.path, message, remedy))

    def warn(self, message: str, remedy: str = "") -> None:
        self.findings.append(Finding("warning", self.path, message, remedy))

    @property
    def failed(self) -> bool:
        return any(finding.level == "error" for finding in self.findings)

    def child(self, key: str | int, value: object) -> "Node":
        return Node(value, (*self.path, key), self.findings)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, Mapping) and key in self.value

    def get(self, key: str) -> "Node | None":
        """The child under `key`, or None where it is absent or left empty."""
        if isinstance(self.value, Mapping) and self.value.get(key) is not None:
            return self.child(key, self.value[key])
        return None

    def need(self, key: str, remedy: str) -> "Node | None":
        found = self.get(key)
        if found is None:
            self.error(f"“{key}” is missing.", remedy)
        return found

    def keys(self, allowed: Iterable[str]) -> bool:
        """Whether this is a mapping; each key outside of `allowed` is an error that names the nearest one."""
        if not isinstance(self.value, Mapping):
            self.error(f"Here should stand “key: value” lines, not {self._shown()}.")
            return False
        names = sorted(allowed)
        for key, value in self.value.items():
            if key not in names:
                near = difflib.get_close_matches(str(key), names, 1)
                remedy = f"Did you mean “{near[0]}”?" if near else f"Known here: {', '.join(names)}."
                self.child(str(key), value).error(f"“{key}” is not known here.", remedy)
        return True

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """The pairs of a mapping, in the order of the text."""
        if not isinstance(self.value, Mapping):
            self.error(f"Here should stand “key: value” lines, not {self._shown()}.")
            return
        for key, value in self.value.items():
            yield str(key), self.child(str(key), value)

    def items(self) -> "list[Node]":
        """The entries of a list; a single value counts as a list of one."""
        if isinstance(self.value, list | tuple):
            return [self.child(index, value) for index, value in enumerate(self.value)]
        return [] if self.value is None else [self]

    def text(self, default: str = "") -> str:
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.error(f"Here should stand a word or a text, not {self._shown()}.", "Put it in quotes.")
            return default
        return str(self.value)

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def integer(self, low: int, high: int, default: int = 0) -> int:
        if isinstance(self.value, int) and not isinstance(self.value, bool) and low <= self.value <= high:
            return self.value
        self.error(f"Here should stand a whole number from {low} to {high}, not {self._shown()}.")
        return default

    def number(self, default: float = 0.0) -> float:
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return float(self.value)
        self.error(f"Here should stand a number, not {self._shown()}.")
        return default

    def flag(self, default: bool = False) -> bool:
        if isinstance(self.value, bool):
            return self.value
        self.error(f"Here should stand true or false, not {self._shown()}.")
        return default

    def choice(self, allowed: Iterable[str], default: str = "") -> str:
        names = list(allowed)
        if self.value in names:
            return str(self.value)
        near = difflib.get_close_matches(str(self.value), names, 1)
        remedy = f"Did you mean “{near[0]}”?" if near else f"One of: {', '.join(names)}."
        self.error(f"{self._shown()} is not known here.", remedy)
        return default

    def _shown(self) -> str:
        if self.value is None:
            return "nothing"
        if isinstance(self.value, Mapping):
            return "“key: value” lines"
        if isinstance(self.value, list):
            return "a list"
        shown = str(self.value)
        return f"“{shown[:60]}{'…' if len(shown) > 60 else ''}”"
