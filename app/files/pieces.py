"""Pieces of the library as files: front matter between two lines ---, then Markdown.

One text for a piece, its translations and the digests of its files, so that a version of a piece is one unit.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.core.pieces import KINDS, PieceInfo
from app.core.reading import Node
from app.files.findings import FileFinding
from app.files.markdown import read_markdown
from app.files.trees import read_document

KEYS = ("title", "kind", "content kind", "topics", "summary", "minutes", "file", "address")
KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FENCE = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)
_WEB = re.compile(r"https?://[^\s/?#\\@]+(?:[/?#][^\s\\]*)?")
LONGEST_TITLE, LONGEST_SUMMARY = 120, 400


@dataclass(frozen=True, slots=True)
class PieceText:
    """A piece in one language. Either `file` names a file beside it, or `address` where it lies, or neither.

    `minutes` is the reading time (0: not said); `pictures` and `pieces` are what the body refers to, with lines.
    """

    title: str
    kind: str
    content_kind: str
    topics: tuple[str, ...]
    summary: str
    minutes: int
    file: str
    address: str
    body: str
    pictures: Mapping[str, int] = field(default_factory=dict)
    pieces: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, int]:
        """The files beside it that it needs, with the line that names each."""
        own = {self.file: self.lines.get("file", 1)} if self.file else {}
        return own | {name: line for name, line in self.pictures.items() if name not in own}


def join_piece(texts: Mapping[str, str], files: Mapping[str, str]) -> str:
    """The texts by locale ("" the original) and the digests of the files by name; the same give the same bytes."""
    parts = {"texts": dict(sorted(texts.items())), "files": dict(sorted(files.items()))}
    return json.dumps(parts, ensure_ascii=False, indent=0)


def split_piece(source: str) -> tuple[dict[str, str], dict[str, str]]:
    """The texts and the digests. Raises ValueError where `source` was not made by `join_piece`."""
    parts = json.loads(source)
    if not isinstance(parts, dict) or not isinstance(parts.get("texts"), dict):
        raise ValueError("These are no texts of a piece.")
    return parts["texts"], parts.get("files", {})


def read_piece(
    path: str, text: str, original: PieceText | None = None
) -> tuple[PieceText | None, list[FileFinding]]:
    """One file of a piece; what a translation does not say it has of its `original`. None: it cannot be read."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    fence = _FENCE.match(text)
    if fence is None:
        remedy = "Begin with a line ---, then title, kind, content kind, topics and summary, then a line ---."
        return None, [FileFinding(path, 1, "error", "The file does not begin with front matter.", remedy)]
    document = read_document(fence.group(1))
    node = document.node()
    before = text.count("\n", 0, fence.end())
    body = text[fence.end() :].strip("\n")
    skipped = before + len(text[fence.end() :]) - len(text[fence.end() :].lstrip("\n"))
    read = read_markdown(body)
    lines = {key: document.marks.line((key,)) + 1 for key in KEYS if key in node}
    piece = None if node.failed else _piece(node, body, original)
    findings = [
        FileFinding(path, document.marks.line(one.path) + 1, one.level, one.message, one.remedy)
        for one in node.findings
    ]
    findings += [
        FileFinding(path, skipped + fault.line, fault.level, fault.message, fault.remedy)
        for fault in read.faults
    ]
    if piece is None or any(one.level == "error" for one in findings):
        return None, findings
    pictures, pieces = (
        {name: line + skipped for name, line in found.items()} for found in (read.pictures, read.pieces)
    )
    return replace(piece, pictures=pictures, pieces=pieces, lines=lines), findings


def read_languages(
    texts: Mapping[str, str], paths: Mapping[str, str]
) -> tuple[dict[str, PieceText], list[FileFinding]]:
    """The readable languages of a piece by locale, the original first; what is wrong in all of them, by `paths`."""
    read: dict[str, PieceText] = {}
    findings: list[FileFinding] = []
    for locale, text in sorted(texts.items()):
        found, told = read_piece(paths.get(locale, locale), text, read.get(""))
        findings += told
        if found is not None:
            read[locale] = found
    return read, findings


def info_of(key: str, texts: Mapping[str, PieceText]) -> PieceInfo:
    """What the engine must know of a readable piece."""
    original = texts[""]
    return PieceInfo(key, original.kind, original.content_kind, original.topics, tuple(sorted(texts)))


def _piece(node: Node, body: str, original: PieceText | None) -> PieceText | None:
    if not node.keys(KEYS):
        return None
    kind = _given(node, "kind", original.kind if original else None, f"One of {', '.join(KINDS)}.")
    if kind and original is None and (written := node.get("kind")) is not None:
        written.choice(KINDS)
    topics = node.get("topics")
    if topics is None and original is None:
        node.error("“topics” is missing.", "Write topics: [billing].")
    piece = PieceText(
        title=_line(node, "title", LONGEST_TITLE),
        kind=kind,
        content_kind=_given(
            node,
            "content kind",
            original.content_kind if original else None,
            "Write discovery, or another kind.",
        ),
        topics=_topics(topics) if topics is not None else original.topics if original else (),
        summary=_line(node, "summary", LONGEST_SUMMARY),
        minutes=minutes.integer(1, 600) if (minutes := node.get("minutes")) is not None else 0,
        file=file.text() if (file := node.get("file")) is not None else "",
        address=_address(node.get("address")),
        body=body,
    )
    if not body.strip() and not piece.file and not piece.address:
        node.error("There is no text, no file and no address.", "Write the text below the second line ---.")
    if piece.file and piece.address:
        node.get("address").error("There is a file and an address.", "Keep one of the two.")  # type: ignore[union-attr]
    return None if node.failed else piece


def _given(node: Node, key: str, inherited: str | None, remedy: str) -> str:
    """What a translation says, if it says it, is what its original says."""
    found = node.get(key) if inherited is not None else node.need(key, remedy)
    if found is None:
        return inherited or ""
    text = found.text()
    if inherited is not None and text != inherited:
        found.error(f"“{key}” differs from the original.", "Give all translations the same one.")
    return text


def _line(node: Node, key: str, longest: int) -> str:
    found = node.need(key, f'Write {key}: "…".')
    text = " ".join(found.text().split()) if found else ""
    if found and not text:
        found.error(f"“{key}” is empty.", f'Write {key}: "…".')
    if found and len(text) > longest:
        found.error(f"“{key}” has more than {longest} characters.", "Shorten it.")
    return text


def _topics(node: Node) -> tuple[str, ...]:
    found = []
    for item in node.items():
        text = item.text()
        if KEY.fullmatch(text):
            found.append(text)
        else:
            item.error(
                f"“{text[:60]}” is no topic.", "Use small letters, digits and dashes, such as billing."
            )
    return tuple(dict.fromkeys(found))


def _address(node: Node | None) -> str:
    if node is None:
        return ""
    text = node.text()
    if not _WEB.fullmatch(text):
        node.error(
            f"“{text[:80]}” is no web address.", "Write it in full, such as https://www.example.com/guide."
        )
    return text
