"""In which encoding a file was saved; and files that are no text at all."""

import codecs
from typing import BinaryIO

from app.services.importing.faults import ImportFault

HEAD = 65_536
_BLOCK = 1 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (
    (b"PK\x03\x04", "spreadsheet"),  # xlsx, ods, zip
    (b"\xd0\xcf\x11\xe0", "spreadsheet"),  # xls
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "archive"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
)
_CONTROLS = bytes(code for code in range(1, 32) if code not in b"\t\n\v\f\r\x1a\x1b")


def detect(stream: BinaryIO) -> str:
    """The name of the codec that reads the whole of `stream`, which stands at its start.

    A byte-order mark decides; then the pattern of NULs (UTF-16 without a mark); then UTF-8, if all
    of the file is; then Windows-1252, and Latin-1 where that has no letter. Raises ImportFault.
    """
    head = stream.read(HEAD)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise ImportFault("import.file.empty")
    for mark, kind in _BINARY:
        if head.startswith(mark):
            raise ImportFault("import.file.binary", kind=kind)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _whole(stream, name)
    wide = _wide(head)
    if wide is not None:
        return _whole(stream, wide)
    odd = len(head) - len(head.translate(None, _CONTROLS))
    if odd + head.count(0) > max(len(head) // 20, 8):
        raise ImportFault("import.file.binary", kind="data")
    return next(name for name in ("utf-8", "cp1252", "latin-1") if _fault_at(stream, name) is None)


def known(stream: BinaryIO, name: str) -> str:
    """`name` as given by a person, checked against the file. Raises ImportFault."""
    try:
        codec = codecs.lookup(name).name
        "a".encode(codec)  # refuses those that are no encodings of text, such as zip
    except (LookupError, ValueError):
        raise ImportFault("import.file.encoding_unknown", encoding=name) from None
    return _whole(stream, codec)


def _whole(stream: BinaryIO, name: str) -> str:
    at = _fault_at(stream, name)
    if at is not None:
        raise ImportFault("import.file.undecodable", encoding=name, byte=at)
    return name


def _wide(head: bytes) -> str | None:
    even, odd, half = head[0::2].count(0), head[1::2].count(0), max(len(head) // 2, 1)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _fault_at(stream: BinaryIO, name: str) -> int | None:
    """About where the file stops being text in this encoding; None: nowhere."""
    decoder = codecs.getincrementaldecoder(name)()
    stream.seek(0)
    at = 0
    while block := stream.read(_BLOCK):
        try:
            decoder.decode(block)
        except UnicodeError as fault:
            return at + getattr(fault, "start", 0)
        at += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return at
    return None
