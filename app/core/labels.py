"""Names for people, by locale: "" is the one for everybody whose language has none."""

from collections.abc import Mapping

from app.core.reading import Node

Labels = Mapping[str, str]


def read_labels(node: Node | None, default: str) -> Labels:
    """A text stands for every language; of a mapping (locale: text) the first one stands for the missing ones."""
    if node is None:
        return {"": default}
    if not isinstance(node.value, Mapping):
        return {"": node.text(default)}
    labels = {locale: child.text(default) for locale, child in node.entries()}
    return {"": next(iter(labels.values()), default), **labels}


def label_in(labels: Labels, locale: str) -> str:
    """The label for `locale` ("pt-BR"), else for its language ("pt"), else the one for everybody."""
    return labels.get(locale) or labels.get(locale.partition("-")[0]) or labels[""]
