"""The folders sequences/ and email_templates/ as texts by kind and key.

    sequences/lifecycle.yaml, scoring.yaml      lifecycle and scoring
    sequences/segments/<key>.yaml               segments
    sequences/<folder>/<key>.yaml               sequences; the folder is for people
    sequences/library/<key>.md                  pieces of the library, their files beside them
    email_templates/layouts/<key>.mjml          layouts
    email_templates/partials/<key>.mjml         partials
    email_templates/<folder>/<name>.mjml        templates, with the key <folder>/<name>

Beside the file of a mail or a piece may stand its translations, such as <name>.it.mjml or <name>.pt-BR.md.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.files.beside import Beside
from app.files.findings import FileFinding
from app.files.piece_files import LIBRARY, read_pieces
from app.files.pieces import split_piece
from app.files.trees import LARGEST
from app.files.variants import join_variants, split_variants

KINDS = ("lifecycle", "scoring", "segment", "piece", "layout", "partial", "template", "sequence")
SINGLE = ("lifecycle", "scoring")
MAILS = ("layout", "partial", "template")
TRANSLATED = ("piece", *MAILS)
SEQUENCES, TEMPLATES = "sequences", "email_templates"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one definition. `files` maps each locale ("" the original) to its path in the content folder.

    `beside` are the files of a piece, by name.
    """

    kind: str
    key: str
    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Beside] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.files.get("") or next(iter(self.files.values()), f"{self.kind} {self.key}")


@dataclass(frozen=True, slots=True)
class Folder:
    """What stands in a content folder, in the order of KINDS; `findings` tell which files cannot be taken."""

    sources: tuple[Source, ...]
    findings: tuple[FileFinding, ...] = ()


def read_folder(content_dir: Path) -> Folder:
    """Every definition below `content_dir`. Files that cannot be read are told, never raised."""
    findings: list[FileFinding] = []
    sources = [
        *_sequences(content_dir, findings), *_pieces(content_dir, findings), *_mails(content_dir, findings)
    ]  # fmt: skip
    sources.sort(key=lambda source: (KINDS.index(source.kind), source.key))
    seen: dict[tuple[str, str], str] = {}
    for source in sources:
        first = seen.setdefault((source.kind, source.key), source.path)
        if first != source.path:
            message = f"“{source.key}” also stands in {first}."
            findings.append(FileFinding(source.path, 1, "error", message, "Rename one of the two."))
    return Folder(tuple(sources), tuple(findings))


def split_source(kind: str, text: str) -> dict[str, str]:
    """The file texts in the one text of a definition, by locale ("" the original)."""
    if kind == "piece":
        return split_piece(text)[0]
    return split_variants(text) if kind in MAILS else {"": text}


def path_of(kind: str, key: str, folder: str = "", locale: str = "") -> str:
    """Where a definition belongs in the content folder; `folder` is a sequence's."""
    ending = f".{locale}.mjml" if locale else ".mjml"
    match kind:
        case "lifecycle" | "scoring":
            return f"{SEQUENCES}/{kind}.yaml"
        case "segment":
            return f"{SEQUENCES}/segments/{key}.yaml"
        case "sequence":
            return f"{SEQUENCES}/{folder or 'sequences'}/{key}.yaml"
        case "piece":
            return f"{SEQUENCES}/{LIBRARY}/{key}.{locale}.md" if locale else f"{SEQUENCES}/{LIBRARY}/{key}.md"
        case "template":
            return f"{TEMPLATES}/{key}{ending}"
        case _:
            return f"{TEMPLATES}/{kind}s/{key}{ending}"


def _sequences(content_dir: Path, findings: list[FileFinding]) -> Iterator[Source]:
    for path, name in _files(content_dir, SEQUENCES, ".yaml", findings):
        *folders, stem = path.with_suffix("").relative_to(content_dir / SEQUENCES).parts
        if not folders and stem not in SINGLE:
            findings.append(
                FileFinding(
                    name, 1, "error", "This file lies outside of every folder.",
                    "Sequences stand in a folder, such as sequences/discovery/; lifecycle.yaml and scoring.yaml beside it.",
                )
            )  # fmt: skip
        elif (text := _text(path, name, findings)) is not None:
            kind = stem if not folders else "segment" if folders == ["segments"] else "sequence"
            yield Source(kind, stem, text, {"": name})


def _pieces(content_dir: Path, findings: list[FileFinding]) -> Iterator[Source]:
    texts: dict[str, dict[str, str]] = {}
    files: dict[str, dict[str, str]] = {}
    folder = content_dir / SEQUENCES / LIBRARY
    for path in sorted(folder.glob("*.md")):
        name = path.relative_to(content_dir).as_posix()
        key, _, locale = path.name.removesuffix(".md").partition(".")
        if path.name.startswith(".") or not path.is_file():
            continue
        problem = _misnamed([LIBRARY, key], locale)
        if problem is not None:
            findings.append(FileFinding(name, 1, "error", *problem))
        elif (text := _text(path, name, findings)) is not None:
            texts.setdefault(key, {})[locale] = text
            files.setdefault(key, {})[locale] = name
    for found in read_pieces(folder, texts, files, findings):
        yield Source("piece", found.key, found.text, files[found.key], found.beside)


def _mails(content_dir: Path, findings: list[FileFinding]) -> Iterator[Source]:
    texts: dict[tuple[str, str], dict[str, str]] = {}
    files: dict[tuple[str, str], dict[str, str]] = {}
    for path, name in _files(content_dir, TEMPLATES, ".mjml", findings):
        *folders, file_name = path.relative_to(content_dir / TEMPLATES).parts
        stem, _, locale = file_name.removesuffix(".mjml").partition(".")
        problem = _misnamed([*folders, stem], locale)
        if problem is not None:
            findings.append(FileFinding(name, 1, "error", *problem))
        elif (text := _text(path, name, findings)) is not None:
            kind = {"layouts": "layout", "partials": "partial"}.get(folders[0], "template")
            key = "/".join((*(folders if kind == "template" else folders[1:]), stem))
            texts.setdefault((kind, key), {})[locale] = text
            files.setdefault((kind, key), {})[locale] = name
    for (kind, key), variants in texts.items():
        source = Source(kind, key, join_variants(variants), dict(sorted(files[kind, key].items())))
        if "" not in variants:
            message = f"There is no original beside this translation ({key}.mjml)."
            findings.append(FileFinding(source.path, 1, "error", message, "Add it, or rename this one."))
        else:
            yield source


def _misnamed(parts: list[str], locale: str) -> tuple[str, str] | None:
    if len(parts) < 2:
        return "A mail stands in a folder.", "Move it to one named after its content, such as discovery/."
    for part in parts:
        if not NAME.fullmatch(part):
            return (
                f"“{part}” cannot be part of a template's name.",
                "Use small letters, digits, dashes and underscores.",
            )
    if locale and not LOCALE.fullmatch(locale):
        return f"“{locale}” is no language.", "Name the file name.it.mjml or name.pt-BR.mjml."
    return None


def _files(
    content_dir: Path, folder: str, ending: str, findings: list[FileFinding]
) -> Iterator[tuple[Path, str]]:
    """The files with that ending and their names in the content folder; hidden ones are passed over."""
    root = content_dir / folder
    if not root.is_dir():
        findings.append(
            FileFinding(
                folder,
                1,
                "error",
                f"There is no folder {folder}.",
                "Make it, or name another content folder.",
            )
        )
        return
    for path in sorted(root.rglob("*")):
        name = path.relative_to(content_dir).as_posix()
        if any(part.startswith(".") for part in path.relative_to(root).parts) or path.is_dir():
            continue
        if path.suffix == ending:
            yield path, name
        elif path.suffix in (".yml", ".yaml", ".mjml"):
            findings.append(
                FileFinding(name, 1, "warning", "This file is passed over.", f"Here end names in {ending}.")
            )


def _text(path: Path, name: str, findings: list[FileFinding]) -> str | None:
    """The file's text, every byte of it kept; None after telling why not."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as error:
        findings.append(
            FileFinding(
                name, 1, "error", f"This file cannot be read: {error.strerror}.", "Look at its rights."
            )
        )
        return None
    if raw is None:
        findings.append(
            FileFinding(name, 1, "error", f"The file is larger than {LARGEST // 1000} kB.", "Split it.")
        )
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        findings.append(
            FileFinding(
                name, line, "error", "Here is a character that is not UTF-8.", "Save the file as UTF-8."
            )
        )
        return None
