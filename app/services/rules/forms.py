"""The simple values of a text as a form, and the form as edits of the text: everything else in it stays as it is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.reading import Path
from app.core.reasons import Reason
from app.files.editing import Edit, edited
from app.services.rules.texts import RulesFault, Text

NUMBERS = ("at least", "at most", "more than", "less than")
CAREFUL = ("keep", "hold", "reject")
LONGEST = 1000
# Left empty, these are taken out as a whole.
WHOLE = (("programme", "quiet"), ("programme", "window"), ("programme", "flags"))
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_INTEGER, _NUMBER = re.compile(r"[+-]?[0-9]{1,9}"), re.compile(r"[+-]?[0-9]{1,9}\.[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Field:
    """One value. `kind` is text, number, list, time, choice or retire; `name` stands in the form."""

    name: str
    path: Path
    label: Reason
    kind: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    title: Reason
    fields: tuple[Field, ...]


def sections(room: str, text: Text, preset: str | None = None) -> list[Section]:
    """The form of a room, filled with what is in force."""
    match room:
        case "programme":
            return [one for one in _programme(_map(text.tree.get("programme"))) if one.fields]
        case "lifecycle":
            return [one for one in _lifecycle(text.tree, preset) if one.fields]
        case _:
            return [one for one in _scoring(text.tree) if one.fields]


def filled_in(room: str, text: Text, form: Mapping[str, str], preset: str | None = None) -> str:
    """The text with the values of the form in it. What the form does not name stays. Raises RulesFault."""
    edits: dict[Path, Edit] = {}
    groups: dict[Path, dict[str, Any]] = {}
    gone: set[Path] = set()
    for section in sections(room, text, preset):
        for field in section.fields:
            if field.kind == "retire":
                if form.get(field.name) == "yes":
                    gone.add(field.path)
                continue
            if field.name not in form:
                continue
            given = form[field.name][:LONGEST].replace("\0", "").strip()
            if given == field.value:
                continue
            edits[field.path] = Edit(field.path, _value(field, given))
    _add_topic(room, text, form, edits)
    edits = {path: edit for path, edit in edits.items() if not any(path[: len(one)] == one for one in gone)}
    edits |= {path: Edit(path, None) for path in gone}
    return edited(text.source, [*_grouped(text.tree, edits, groups)]) if edits else text.source


def _grouped(
    tree: Mapping[str, Any], edits: Mapping[Path, Edit], groups: dict[Path, dict[str, Any]]
) -> Iterator[Edit]:
    """Edits below an entry that is not there yet, or that would be left empty, are one edit of that entry."""
    for path, edit in edits.items():
        above = _at(tree, path[:-1])
        if not isinstance(above, Mapping | list):
            groups.setdefault(path[:-1], {})[str(path[-1])] = edit.value
        elif edit.value is None and isinstance(above, Mapping) and len(path) > 2:
            left = {
                key
                for key in above
                if (*path[:-1], key) not in edits or edits[(*path[:-1], key)].value is not None
            }
            if left or path[:-1] not in WHOLE:
                yield edit
            else:
                groups.setdefault(path[:-1], {})
        else:
            yield edit
    for path, values in groups.items():
        kept = {key: value for key, value in values.items() if value is not None}
        if kept or _at(tree, path) is not None:
            yield Edit(path, kept or None)


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        if isinstance(tree, Mapping):
            tree = tree.get(str(key))
        elif isinstance(tree, list) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            return None
    return tree


def _value(field: Field, given: str) -> Any:
    if not given:
        return None
    if field.kind == "list":
        return [part.strip() for part in given.split(",") if part.strip()]
    if field.kind == "number":
        if _INTEGER.fullmatch(given):
            return int(given)
        return float(given) if _NUMBER.fullmatch(given) else given
    if field.kind == "choice" and given not in field.choices:
        raise RulesFault("rules.form")
    return given


def _add_topic(room: str, text: Text, form: Mapping[str, str], edits: dict[Path, Edit]) -> None:
    key, label = (
        form.get(name, "")[:LONGEST].replace("\0", "").strip() for name in ("new_topic", "new_label")
    )
    if room != "programme" or not (key or label):
        return
    if not KEY.fullmatch(key) or not label:
        raise RulesFault("rules.topic", key=key[:60])
    if key in _map(_map(text.tree.get("programme")).get("topics")):
        raise RulesFault("rules.topic_taken", key=key)
    path = ("programme", "topics", key)
    edits[path] = Edit(path, label)


def _programme(part: Mapping[str, Any]) -> Iterator[Section]:
    top = ("programme",)
    yield Section(
        Reason("rules.form.how_often"),
        (_list(top, part, "caps"), _text(top, part, "late")),
    )
    quiet, window = _map(part.get("quiet")), _map(part.get("window"))
    yield Section(
        Reason("rules.form.quiet"),
        tuple(_text((*top, "quiet"), quiet, key, "time", f"quiet_{key}") for key in ("from", "to")),
    )
    yield Section(
        Reason("rules.form.window"),
        (
            _list((*top, "window"), window, "days", "window_days"),
            *(_text((*top, "window"), window, key, "time", f"window_{key}") for key in ("from", "to")),
            _text((*top, "window"), window, "zone", "text", "window_zone"),
            _choice((*top, "window"), window, "holidays", ("", "skip", "send"), "window_holidays"),
        ),
    )
    yield Section(
        Reason("rules.form.unknown"),
        (*(_text(top, part, key) for key in ("zone", "locale", "country")), _list(top, part, "holidays of")),
    )
    yield Section(Reason("rules.form.away"), (_choice(top, part, "when away", ("", "defer", "send")),))
    flags = _map(part.get("flags"))
    yield Section(
        Reason("rules.form.flags"),
        tuple(_choice((*top, "flags"), flags, key, ("", *CAREFUL), f"flag_{key}") for key in ("role", "disposable", "no mail", "typo")),
    )  # fmt: skip
    for key, label in _map(part.get("topics")).items():
        path = (*top, "topics", key)
        retire = Field(_name(path, "retire"), path, Reason("rules.field.retire", {"key": key}), "retire", "")
        yield Section(Reason("rules.form.topic", {"key": key}), (*_labels(path, label), retire))


def _lifecycle(tree: Mapping[str, Any], preset: str | None) -> Iterator[Section]:
    chosen = preset or str(tree.get("lifecycle", ""))
    presets = tuple(_map(tree.get("presets")))
    if preset is None:
        yield Section(Reason("rules.form.preset"), (_choice((), tree, "lifecycle", presets),))
    part, top = _map(_map(tree.get("presets")).get(chosen)), ("presets", chosen)
    for key, stage in _map(part.get("stages")).items():
        path = (*top, "stages", key)
        body = _map(stage)
        yield Section(
            Reason("rules.form.stage", {"key": key}),
            (*_labels((*path, "label"), body.get("label", "")), _list(path, body, "gets", _name((*path, "gets"))),
             _list(path, body, "aliases", _name((*path, "aliases")))),
        )  # fmt: skip
    for index, entry in enumerate(part.get("entries") or ()):
        body = _map(entry)
        place: Path = (*top, "entries", index)
        named = {"frm": _joined(body.get("from")), "to": str(body.get("stage", ""))}
        fields = [
            _list(place, body, key, _name((*place, key))) for key in ("requires", "asks") if key in body
        ]
        fields += _thresholds(body.get("if"), (*place, "if"))
        task = _map(body.get("task"))
        fields += [
            _text((*place, "task"), task, key, name=_name((*place, "task", key)))
            for key in ("title", "due")
            if key in task
        ]
        yield Section(Reason("rules.form.entry", named), tuple(fields))


def _thresholds(tree: Any, path: Path) -> list[Field]:
    """The bounds that a condition compares with."""
    if isinstance(tree, list):
        return [field for index, one in enumerate(tree) for field in _thresholds(one, (*path, index))]
    found: list[Field] = []
    for key, inner in _map(tree).items():
        if isinstance(inner, Mapping | list):
            found += _thresholds(inner, (*path, key))
        elif key in NUMBERS and isinstance(inner, int | float) and "event" not in tree:
            of = next(
                (str(tree[name]) for name in ("score", "field", "answer", "interest") if name in tree), ""
            )
            told = Reason("rules.field.bound", {"of": of, "operator": key})
            found.append(Field(_name((*path, key)), (*path, key), told, "number", _shown(inner)))
    return found


def _scoring(tree: Mapping[str, Any]) -> Iterator[Section]:
    engagement, interests = _map(tree.get("engagement")), _map(tree.get("interests"))
    yield Section(
        Reason("rules.form.half_lives"),
        tuple(
            replace(
                _text((measure,), part, "half life", name=f"{measure}_half_life"),
                label=Reason(f"rules.field.half_life.{measure}"),
            )
            for measure, part in (("engagement", engagement), ("interests", interests))
        ),
    )
    for key, rule in _map(tree.get("fit")).items():
        path = ("fit", key)
        yield Section(Reason("rules.form.fit", {"key": key}), (_points(path, rule),))
    for key, rule in _map(engagement.get("rules")).items():
        place = ("engagement", "rules", key)
        limit = _text(place, _map(rule), "limit", name=_name((*place, "limit")))
        yield Section(Reason("rules.form.engagement", {"key": key}), (_points(place, rule), limit))
    weights = _map(interests.get("weights"))
    yield Section(
        Reason("rules.form.weights"),
        tuple(
            Field(_name(("weights", key)), ("interests", "weights", key), Reason("rules.field.weight", {"key": key}), "number", _shown(value))
            for key, value in weights.items()
        ),
    )  # fmt: skip


def _points(path: Path, rule: Any) -> Field:
    path = (*path, "points")
    return Field(_name(path), path, Reason("rules.field.points"), "number", _shown(_map(rule).get("points")))


def _labels(path: Path, label: Any) -> tuple[Field, ...]:
    if not isinstance(label, Mapping):
        return (Field(_name(path), path, Reason("rules.field.label"), "text", _shown(label)),)
    return tuple(
        Field(_name((*path, one)), (*path, one), Reason("rules.field.label_in", {"language": one}), "text", _shown(text))
        for one, text in label.items()
    )  # fmt: skip


def _text(path: Path, part: Mapping[str, Any], key: str, kind: str = "text", name: str = "") -> Field:
    told = Reason(
        "rules.field.window_zone" if name == "window_zone" else f"rules.field.{key.replace(' ', '_')}"
    )
    return Field(name or key.replace(" ", "_"), (*path, key), told, kind, _shown(part.get(key)))


def _list(path: Path, part: Mapping[str, Any], key: str, name: str = "") -> Field:
    told = Reason(f"rules.field.{key.replace(' ', '_')}")
    return Field(name or key.replace(" ", "_"), (*path, key), told, "list", _joined(part.get(key)))


def _choice(path: Path, part: Mapping[str, Any], key: str, choices: tuple[str, ...], name: str = "") -> Field:
    told = Reason(f"rules.field.{key.replace(' ', '_')}")
    value = _shown(part.get(key))
    return Field((name or key).replace(" ", "_"), (*path, key), told, "choice", value, choices)


def _name(path: Path, *more: str) -> str:
    return ".".join(re.sub(r"[^A-Za-z0-9_-]", "_", str(one)) for one in (*path, *more))


def _joined(value: Any) -> str:
    return ", ".join(map(_shown, value)) if isinstance(value, list) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
