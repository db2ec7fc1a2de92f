"""What holds for all sequences together: caps, quiet hours, the default window and zone, the topics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from app.core.assignment import AssignRule, read_assignment
from app.core.caps import FrequencyCap, parse_caps
from app.core.contacts.flags import USUAL, read_flags
from app.core.forms import Form, read_forms
from app.core.labels import Labels, read_labels
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.timing import Calendar, QuietHours, Span, Window
from app.core.timing.zones import is_zone

T = TypeVar("T")

_COUNTRY = "Write the two capitals of ISO 3166, such as “DE”."
_LATE = Span(3, "days")
_WHEN_AWAY = ("defer", "send")
_KEYS = (
    "caps",
    "quiet",
    "window",
    "zone",
    "locale",
    "country",
    "topics",
    "forms",
    "late",
    "holidays of",
    "flags",
    "when away",
    "subjects",
    "tasks",
)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a contact consents to hear about."""

    key: str
    label: Labels


@dataclass(frozen=True, slots=True)
class Programme:
    """`zone`, `locale` and `country` stand in for what is not known of a contact.

    `window` and `late` are for sequences that have none of their own. `holidays_of` are the countries
    (ISO 3166, capitals) whose holidays `calendar` is to hold. `flags`: what becomes of a flagged address,
    by kind of flag. `subjects` are names of the topics that mails and pieces of the library are about.
    `wait_when_away`: marketing to those whose automatic answer says that they are away waits.
    `tasks` are the rules by which tasks find who does them, the first that holds wins.
    """

    caps: tuple[FrequencyCap, ...] = ()
    quiet: QuietHours | None = None
    window: Window | None = None
    calendar: Calendar = field(default_factory=Calendar)
    zone: str = "UTC"
    locale: str = "en"
    country: str = ""
    topics: Mapping[str, Topic] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    late: Span = _LATE
    holidays_of: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=lambda: USUAL)
    wait_when_away: bool = True
    subjects: Mapping[str, Topic] = field(default_factory=dict)
    tasks: tuple[AssignRule, ...] = ()


def read_programme(node: Node | None, calendar: Calendar) -> Programme:
    """The `programme:` part of lifecycle.yaml; None: the defaults. Faults are noted on the node."""
    if node is None:
        return Programme(calendar=calendar)
    node.keys(_KEYS)
    plain = Programme()
    topics = _topics(node.get("topics"))
    return Programme(
        caps=parsed(node.get("caps"), parse_caps, ()),
        quiet=_tree(node.get("quiet"), QuietHours.from_tree),
        window=_tree(node.get("window"), Window.from_tree),
        calendar=calendar,
        zone=_checked(node.get("zone"), plain.zone, is_zone, "Write an IANA name such as “Europe/Berlin”."),
        locale=_checked(node.get("locale"), plain.locale, _is_locale, "Write one such as “en” or “pt-BR”."),
        country=_checked(node.get("country"), plain.country, _is_country, _COUNTRY),
        topics=topics,
        subjects=_topics(node.get("subjects")),
        forms=read_forms(node.get("forms"), topics),
        late=parsed(node.get("late"), Span.parse, plain.late),
        holidays_of=_countries(node.get("holidays of")),
        flags=read_flags(node.get("flags")),
        wait_when_away=(away := node.get("when away")) is None or away.choice(_WHEN_AWAY, "defer") == "defer",
        tasks=read_assignment(node.get("tasks")),
    )


def _tree(node: Node | None, parse: Callable[[Mapping[str, object]], T]) -> T | None:
    if node is None:
        return None
    if not isinstance(node.value, Mapping):
        node.error("Here should stand “key: value” lines.", 'Such as from: "21:00" and to: "07:30".')
        return None
    return parsed(node, lambda value: parse(value), None)  # type: ignore[arg-type]


def _checked(node: Node | None, default: str, good: Callable[[str], bool], remedy: str) -> str:
    if node is None:
        return default
    text = node.text(default)
    if good(text):
        return text
    node.error(f"“{text}” is not known.", remedy)
    return default


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()


def _is_locale(text: str) -> bool:
    language, _, rest = text.partition("-")
    return (
        len(language) in (2, 3) and language.isalpha() and language.islower() and rest.isalnum() == bool(rest)
    )


def _topics(node: Node | None) -> Mapping[str, Topic]:
    if node is None:
        return {}
    return {key: Topic(key, read_labels(child, key)) for key, child in node.entries()}


def _countries(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(filter(None, (_checked(item, "", _is_country, _COUNTRY) for item in node.items())))
