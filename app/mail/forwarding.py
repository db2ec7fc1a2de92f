"""A letter sent on: our own message, with the one that came attached and answers going to its writer.

Sending the letter itself on would break its alignment (DMARC, RFC 7489); as an attachment nothing of it changes.
"""

import re
from base64 import encodebytes
from hashlib import blake2b

from app.mail.headers import HeaderError, wire_address

# What is larger stays behind the link in the mail.
LARGEST = 5 * 1024 * 1024
_LINES = re.compile(rb"\r\n|\r|\n")
_TYPE = re.compile(rb"^Content-Type: multipart/alternative;[^\r]*(?:\r\n[ \t][^\r]*)*\r\n", re.M)


def with_letter(message: bytes, letter: bytes | None, reply_to: str) -> bytes:
    """`message`, as `app.mail.message` wrote it, with `letter` attached and Reply-To set.

    A letter of 7-bit lines goes as message/rfc822; any other as an octet stream, since RFC 2046 (5.2.1) forbids
    to encode the former. None, and one that is too large, is left out.
    """
    if letter is not None and len(letter) <= LARGEST:
        message = _attached(message, letter)
    return _answered_to(message, reply_to)


def _attached(message: bytes, letter: bytes) -> bytes:
    head, empty, body = message.partition(b"\r\n\r\n")
    found = _TYPE.search(head + b"\r\n")
    if not empty or found is None:
        return message
    boundary = b"=_" + blake2b(message + letter, digest_size=12).hexdigest().encode()
    outer = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n'
    head = ((head + b"\r\n")[: found.start()] + outer + (head + b"\r\n")[found.end() :]).removesuffix(b"\r\n")
    parts = (
        head + b"\r\n\r\n--" + boundary + b"\r\n" + found[0] + b"\r\n" + body,
        b"\r\n--" + boundary + b"\r\n" + _part(letter),
        b"\r\n--" + boundary + b"--\r\n",
    )
    return b"".join(parts)


def _part(letter: bytes) -> bytes:
    whole = b"\r\n".join(_LINES.split(letter))
    if whole.isascii() and b"\0" not in whole and max(map(len, whole.split(b"\r\n"))) <= 998:
        return b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + whole
    coded = encodebytes(letter).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    return (
        b'Content-Type: application/octet-stream; name="letter.eml"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="letter.eml"\r\n\r\n' + coded
    )


def _answered_to(message: bytes, reply_to: str) -> bytes:
    """Reply-To behind Message-ID; an address that cannot be one is left out."""
    try:
        line = f"Reply-To: {wire_address(reply_to)}\r\n".encode("ascii")
    except (HeaderError, UnicodeEncodeError):
        return message
    head, empty, body = message.partition(b"\r\n\r\n")
    at = head.find(b"\r\nMessage-ID:")
    end = head.find(b"\r\n", at + 2) + 2 if at >= 0 else -1
    if not empty or end < 2 or b"\r\nReply-To:" in head:
        return message
    return head[:end] + line + head[end:] + empty + body
