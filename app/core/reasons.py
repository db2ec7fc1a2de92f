"""Why something happened: a code and its parameters. Prose is made when it is read, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = str | int | float | bool | None
Param = Scalar | list[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is a stable key such as `gate.cap`; `params` are plain JSON values that the sentence needs."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)
