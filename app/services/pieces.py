"""The library as its readers see it: what stands openly, one piece in one language, a file of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.core.labels import label_in
from app.core.pieces import OPEN
from app.files.beside import type_of
from app.files.markdown import to_html
from app.mail.source import variant_for
from app.services.library import Catalogue, PieceVersion
from app.services.world import World
from app.store import content


@dataclass(frozen=True, slots=True)
class Card:
    """A piece in a list. `locale` is the language it stands in there; `minutes` 0: not said."""

    key: str
    title: str
    kind: str
    summary: str
    minutes: int
    locale: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The open pieces about one thing."""

    topic: str
    name: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a piece; `locale` is the language of the text that names it."""

    name: str
    digest: str
    media_type: str
    size: int
    locale: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A piece opened in one language. `lost`: it names a file that is not kept any more."""

    card: Card
    topics: tuple[str, ...]
    body: str
    locales: tuple[str, ...]
    file: File | None
    lost: bool
    address: str
    is_open: bool


def shelves(world: World, wanted: Sequence[str], locale: str, now: datetime, but: str = "") -> list[Shelf]:
    """The open pieces by their first topic. `wanted` are the reader's languages, best first; `locale` names topics."""
    catalogue = world.library.catalogue(now)
    found: dict[str, list[Card]] = {}
    for piece in catalogue.pieces.values():
        if piece.info.content_kind == OPEN and piece.key != but:
            topic = next(iter(piece.info.topics), "")
            found.setdefault(topic, []).append(_card(piece, _chosen(world, piece, wanted), world))
    order = {topic: place for place, topic in enumerate(catalogue.setting.programme.subjects)}
    return [
        Shelf(topic, _topic(catalogue, topic, locale), tuple(sorted(cards, key=lambda card: card.title)))
        for topic, cards in sorted(found.items(), key=lambda one: (order.get(one[0], len(order)), one[0]))
    ]


def look_at(world: World, key: str, wanted: Sequence[str], locale: str, now: datetime) -> Opened | None:
    """One piece in the best of the `wanted` languages; None where there is none of that name."""
    catalogue = world.library.catalogue(now)
    piece = catalogue.pieces.get(key)
    if piece is None:
        return None
    chosen = _chosen(world, piece, wanted)
    text = piece.texts[chosen]
    named, file = _file(world, piece, chosen)
    return Opened(
        card=_card(piece, chosen, world),
        topics=tuple(_topic(catalogue, topic, locale) for topic in piece.info.topics),
        body=_body(piece.version_id, key, text.body, frozenset(piece.files), frozenset(catalogue.pieces)),
        locales=tuple(_tag(one, world) for one in piece.texts),
        file=file,
        lost=named and file is None,
        address=text.address,
        is_open=piece.info.content_kind == OPEN,
    )


def file_of(world: World, key: str, name: str, now: datetime) -> File | None:
    """A file that a piece in force names; None where there is none."""
    piece = world.library.catalogue(now).pieces.get(key)
    if piece is None or name not in piece.files:
        return None
    locale = next((locale for locale, text in piece.texts.items() if text.file == name), "")
    return _described(world, piece, name, locale)


def is_picture(world: World, key: str, name: str, now: datetime) -> bool:
    """Whether a file only stands in the text: looking at it is no sign of anything."""
    piece = world.library.catalogue(now).pieces.get(key)
    return piece is not None and all(text.file != name for text in piece.texts.values())


def bytes_of(world: World, file: File) -> bytes | None:
    with world.database.read() as connection:
        return content.data_of(connection, world.workspace_id, file.digest)


def _chosen(world: World, piece: PieceVersion, wanted: Sequence[str]) -> str:
    """The text to show; "" is the original, which is in the language of the installation."""
    others = [locale for locale in piece.texts if locale]
    for locale in wanted:
        language = _language(locale)
        found = variant_for(locale, others)
        if found or language == _language(world.settings.default_locale):
            return found
        if near := next((one for one in others if _language(one) == language), ""):
            return near
    return ""


def _language(locale: str) -> str:
    return locale.replace("_", "-").lower().partition("-")[0]


def _card(piece: PieceVersion, locale: str, world: World) -> Card:
    text = piece.texts[locale]
    return Card(piece.key, text.title, text.kind, text.summary, text.minutes, _tag(locale, world))


def _tag(locale: str, world: World) -> str:
    return (locale or world.settings.default_locale).replace("_", "-")


def _topic(catalogue: Catalogue, topic: str, locale: str) -> str:
    known = catalogue.setting.programme.subjects.get(topic)
    return label_in(known.label, locale) if known is not None else topic.replace("-", " ").capitalize()


def _file(world: World, piece: PieceVersion, locale: str) -> tuple[bool, File | None]:
    """Whether the piece has a file at all, and it: that of its language, else of the original."""
    for one in dict.fromkeys((locale, "")):
        if name := piece.texts[one].file:
            return True, _described(world, piece, name, one)
    return False, None


def _described(world: World, piece: PieceVersion, name: str, locale: str) -> File | None:
    digest = piece.files.get(name, "")
    with world.database.read() as connection:
        row: Any = content.described(connection, world.workspace_id, [digest]).get(digest)
    return File(name, digest, type_of(name), row.size, _tag(locale, world)) if row is not None else None


@lru_cache(maxsize=256)
def _body(version_id: UUID, key: str, text: str, files: frozenset[str], pieces: frozenset[str]) -> str:
    """The text as clean HTML; what it names and is gone stays as words."""
    return to_html(
        text,
        lambda name: f"/library/{key}/{name}" if name in files else None,
        lambda other: f"/library/{other}" if other in pieces else None,
    )
