"""What is wrong in a file, as one line for a person."""

from dataclasses import dataclass
from typing import Literal

# A note is true and no fault: nothing has to be done about it.
Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class FileFinding:
    """`file` is relative to the content folder; `line` counts from 1."""

    file: str
    line: int
    level: Level
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.file}:{self.line} {self.level} {self.message}{remedy}"
