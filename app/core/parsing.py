"""Parsers that raise ValueError, used on a place of a definition: the fault is noted there."""

from collections.abc import Callable
from typing import TypeVar

from app.core.reading import Node

T = TypeVar("T")


def parsed(node: Node | None, parse: Callable[[object], T], default: T) -> T:
    """What `parse` makes of the node; `default` where there is no node, or after noting why not."""
    if node is None:
        return default
    try:
        return parse(node.value)
    except ValueError as error:
        node.error(str(error))
        return default
