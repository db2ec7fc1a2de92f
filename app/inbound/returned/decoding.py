"""Octets to text: transfer encodings and charsets that may be wrong, unknown or hostile. Nothing here raises."""

import base64
import binascii
import codecs
import quopri
import re

# Names found in mail that no registry knows, and the codec that reads what they label.
ALIASES = {
    "ansi_x3.4-1968": "ascii", "unknown-8bit": "utf-8", "unknown": "utf-8", "default": "utf-8", "8bit": "utf-8",
    "binary": "utf-8", "x-unknown": "utf-8", "utf8mb4": "utf-8", "unicode-1-1-utf-8": "utf-8", "ufs-8": "utf-8",
    "uft-8": "utf-8", "uft8": "utf-8", "x-sjis": "cp932", "shift_jis": "cp932", "shift-jis": "cp932",
    "windows-31j": "cp932", "iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext", "x-euc-jp": "euc_jp", "gb2312": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "gb_2312-80": "gb18030", "ks_c_5601-1987": "cp949", "ksc5601": "cp949",
    "euc-kr": "cp949", "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "ascii",
    "iso-8859-8-i": "iso8859-8", "x-mac-roman": "mac_roman", "windows-1251": "cp1251", "koi8": "koi8_r",
}  # fmt: skip
# Codecs that are no charsets of mail; some of them are slow on purpose-made input.
REFUSED = frozenset(
    {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "utf_7"}
)
NAME = re.compile(r"[a-z0-9][a-z0-9_.:+\-]{0,39}\Z")
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
BASE64_LINES = re.compile(rb"(?:[A-Za-z0-9+/]{40,100}\n)*+[A-Za-z0-9+/]{4,100}={0,2}\s*+\Z")
WORD = re.compile(r"=\?([A-Za-z0-9_.:+\-*]{1,40})\?([bBqQ])\?([^?\s]{0,2000})\?=")
BETWEEN_WORDS = re.compile(r"(=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,2000}\?=)\s++(?==\?)")


def untransfer(body: bytes, encoding: str) -> bytes:
    """The octets under a Content-Transfer-Encoding; those that lie about it come back as they are."""
    name = encoding.strip().lower()
    if name == "base64":
        return _base64(body)
    if name in ("quoted-printable", "quotedprintable", "quoted_printable"):
        return quopri.decodestring(body)
    if name in ("x-uuencode", "uuencode", "x-uue"):
        return _uuencoded(body)
    return body


def hidden_base64(body: bytes) -> bytes | None:
    """What a text says that is base64 without a word of it; None when it is plain text."""
    packed = body.strip()
    if len(packed) < 60 or not BASE64_LINES.match(packed):
        return None
    found = _base64(packed)
    try:
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return found if sum(sign.isprintable() or sign.isspace() for sign in text) > 0.97 * len(text) else None


def to_text(octets: bytes, charset: str = "") -> str:
    """Text of octets, by the charset they claim if it fits, else UTF-8, else Latin-1."""
    claimed = _codec(charset)
    # Who says Latin-1 or ASCII often means UTF-8, and Latin-1 hardly ever reads as UTF-8 by chance.
    for codec in ("utf-8", claimed) if claimed in ("", "cp1252", "ascii") else (claimed, "utf-8"):
        if codec:
            try:
                return octets.decode(codec)
            except (UnicodeError, ValueError):
                continue
    # A few bad octets in a long text of a known charset: lose them, not the text.
    try:
        if claimed and claimed != "ascii":
            return octets.decode(claimed, "replace")
    except (UnicodeError, ValueError):
        pass
    return octets.decode("cp1252", "replace")


def unword(text: str) -> str:
    """A header's text with its encoded words (RFC 2047) read; unreadable ones stay as they are."""
    if "=?" not in text:
        return text
    joined = BETWEEN_WORDS.sub(r"\1", text)
    return WORD.sub(_word, joined)


def _word(found: re.Match[str]) -> str:
    charset, kind, packed = found.group(1).partition("*")[0], found.group(2).lower(), found.group(3)
    octets = packed.encode("utf-8", "replace")
    if kind == "q":
        octets = quopri.decodestring(octets, header=True)
    else:
        octets = _base64(octets)
    return " ".join(to_text(octets, charset).split("\n"))


def _codec(name: str) -> str:
    plain = name.strip().strip("\"'").lower()
    plain = ALIASES.get(plain, plain)
    if not NAME.match(plain):
        return ""
    try:
        found = codecs.lookup(plain)
    except (LookupError, ValueError, UnicodeError):
        return ""
    shown = found.name.replace("-", "_")
    return plain if getattr(found, "_is_text_encoding", True) and shown not in REFUSED else ""


def _base64(body: bytes) -> bytes:
    # What follows the padding is a footer somebody put below.
    packed = NOT_BASE64.sub(b"", body.partition(b"=")[0])
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    try:
        found = base64.b64decode(packed + b"=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return body
    # Prose under a label of base64: it has spaces, which base64 has not.
    is_prose = body.strip().count(b" ") > len(body) // 20
    return body if is_prose else found


def _uuencoded(body: bytes) -> bytes:
    lines: list[bytes] = []
    for line in body.split(b"\n"):
        if line.startswith((b"begin ", b"end")) or not line:
            continue
        try:
            lines.append(binascii.a2b_uu(line))
        except (binascii.Error, ValueError):
            continue
    return b"".join(lines) or body
