"""Where in the files a piece of the compiled page was written; the compiler keeps no lines."""

import re
from collections.abc import Mapping
from html import unescape
from typing import NamedTuple

CODE = re.compile(r"\{\{ ?(.*?) ?\}\}", re.S)


class Place(NamedTuple):
    """Line 0 in no file (the template itself): not found."""

    line: int
    where: str


class Places:
    """Looks texts up in the files of one mail, by the names that problems give them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        # A comment may speak of what stands elsewhere; line ends stay, so that lines count on.
        self.files = {
            where: unescape(
                re.sub(r"<!--.*?-->", lambda match: "\n" * match[0].count("\n"), text, flags=re.S)
            )
            for where, text in files.items()
        }

    def of(self, shown: str) -> Place:
        """The first place where this text of the page stands; chunks in it read `{{ code }}`."""
        literals = sorted(CODE.split(shown)[::2], key=len, reverse=True)
        for literal in literals:
            words = literal.split()[:8]
            if len("".join(words)) > 2 and (place := self._find(r"\s+".join(map(re.escape, words)))):
                return place
        for code in CODE.findall(shown):
            if place := self._find(re.escape(code.strip())):
                return place
        return Place(0, "")

    def _find(self, pattern: str) -> Place | None:
        for where, text in self.files.items():
            if match := re.search(pattern, text):
                return Place(text.count("\n", 0, match.start()) + 1, where)
        return None
