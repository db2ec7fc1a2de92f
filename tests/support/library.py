"""Pieces of the library for tests."""

from collections.abc import Mapping
from pathlib import Path

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


def piece(
    title: str = "Heat", *, kind: str = "guide", gets: str = "discovery", topics: str = "[billing]", minutes: int = 4,
    file: str = "", body: str = "One winter, told.",
) -> str:  # fmt: skip
    named = f"file: {file}\n" if file else ""
    return (
        f'---\ntitle: "{title}"\nkind: {kind}\ncontent kind: {gets}\ntopics: {topics}\nsummary: What one winter taught.\n'
        f"minutes: {minutes}\n{named}---\n\n{body}\n"
    )


def write_pieces(content_dir: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files of the library, and the folders that every content folder has."""
    (content_dir / "email_templates").mkdir(parents=True, exist_ok=True)
    folder = content_dir / "sequences/library"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(raw)
