"""Lists such as `v=DKIM1; k=rsa; p=…`, as DKIM (RFC 6376 3.2) and DMARC (RFC 7489 6.3) write them."""

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class TagFault(ValueError):
    """The text is no such list; `part` is where it ends being one."""

    def __init__(self, part: str) -> None:
        self.part = part[:80]
        super().__init__(self.part)


def read_tags(text: str) -> dict[str, str]:
    """The values by name, in their order, white space around them taken off. Raises TagFault."""
    tags: dict[str, str] = {}
    parts = [part.strip() for part in text.split(";")]
    if parts and not parts[-1]:
        parts.pop()
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name) or name in tags:
            raise TagFault(part)
        tags[name] = value.strip()
    return tags
