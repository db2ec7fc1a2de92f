"""Files that stand beside a text: what they are by their first bytes, never by their name alone."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

LARGEST_FILE = 20_000_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}(?:\.[A-Za-z0-9_-]{1,20}){0,2}\.(?:pdf|png|jpe?g|gif|webp)")
TYPES = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp",
}  # fmt: skip
_STARTS = (
    (b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """A file beside a text. `path` None: it is known by its digest only, out of the database."""

    name: str
    digest: str
    path: Path | None = None


class NotTaken(ValueError):
    """The file cannot be part of a piece: what is wrong, and the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def look_at(folder: Path, name: str) -> Beside:
    """The file `name` in `folder`. Raises NotTaken."""
    raw = read_file(folder, name)
    return Beside(name, sha256(raw).hexdigest(), folder / name)


def read_file(folder: Path, name: str) -> bytes:
    """The bytes of a file that may be hosted. Raises NotTaken."""
    if not NAME.fullmatch(name):
        raise NotTaken(
            f"“{name[:80]}” cannot be the name of a file.",
            "Use letters, digits, dashes and underscores, and end it in .pdf, .png, .jpg, .gif or .webp.",
        )
    path = folder / name
    try:
        if not path.is_file():
            raise NotTaken(
                f"There is no file {name} beside this piece.", "Put it there, or take its name out."
            )
        if path.stat().st_size > LARGEST_FILE:
            raise NotTaken(
                f"{name} is larger than {LARGEST_FILE // 1_000_000} MB.", "Make its pictures smaller."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise NotTaken(f"{name} cannot be read: {error.strerror}.", "Look at its rights.") from error
    wanted, found = type_of(name), type_by_content(raw)
    if found != wanted:
        is_what = f"is {found}" if found else "is none of the kinds that are hosted"
        raise NotTaken(f"{name} {is_what}, whatever its name says.", f"Save it anew as {wanted}.")
    return raw


def type_of(name: str) -> str:
    """The media type a name promises."""
    return TYPES[name.rpartition(".")[2]]


def type_by_content(raw: bytes) -> str | None:
    """The media type that the first bytes show; None: none that is hosted."""
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _STARTS if raw.startswith(start)), None)
