"""One text for a mail and its translations, so that a version of a template is one unit.

The text is a JSON object: the locale ("" for the original) to the file's own text, byte for byte.
"""

import json
from collections.abc import Mapping


def join_variants(texts: Mapping[str, str]) -> str:
    """The same texts always give the same bytes, whatever their order."""
    return json.dumps(dict(sorted(texts.items())), ensure_ascii=False, indent=0)


def split_variants(source: str) -> dict[str, str]:
    """The texts by locale. Raises ValueError where `source` was not made by `join_variants`."""
    texts = json.loads(source)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("These are no variants of a template.")
    return texts
