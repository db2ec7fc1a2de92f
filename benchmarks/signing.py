"""Mails signed a second: ours against dkimpy and against the bare RSA operation, all in one run.

The mail is one of about 34 kB with the head of a marketing mail. The bare operation signs a ready hash of 32
bytes with the same key of 2048 bits, so what is below it is all that signing a mail costs besides. Asked: at
least 0.8 of the bare operation, and ten times dkimpy.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256

import dkim as dkimpy
from common import Round, arguments, interleaved, report, timed
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from app.mail.dkim import SIGNED, Signer, sign
from app.mail.dkim_keys import key_text, new_key

DOMAIN = "example.com"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
BASE = "bare RSA-2048"
HEAD = f"""\
From: Marta Lindqvist <marta@{DOMAIN}>
To: Ada Lovelace <ada@example.org>
Subject: Ada, twelve pages for Analytical Engines
Date: Sun, 22 Nov 2026 09:30:00 +0000
Message-ID: <po5r5oh3ugv7itq7nhof5ghwv35qud25pohhzh4utitk4a@{DOMAIN}>
Reply-To: marta@{DOMAIN}
List-Unsubscribe: <https://mail.{DOMAIN}/u/{"M" * 72}>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Id: <guides.{DOMAIN}>
Feedback-ID: line:guides:discovery:{DOMAIN}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_a5d7e328ac517533982a5815"

"""
BODY = f"{'x' * 74}=\n" * 446
MAIL = (HEAD + BODY).replace("\n", "\r\n").encode()


def many(work: Callable[[], object], count: int, threads: int) -> Callable[[], Round]:
    """A way that does `work` so often, shared among threads."""

    def loop(share: int) -> None:
        for _ in range(share):
            work()

    def run() -> int:
        if threads == 1:
            loop(count)
            return count
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(loop, [count // threads] * threads))
        return count // threads * threads

    return lambda: timed(run)


def main() -> None:
    parser = arguments(__doc__ or "", count=1000, rounds=5)
    parser.add_argument("--threads", type=int, default=2, help="threads of the last way")
    chosen = parser.parse_args()
    key, ed = new_key("rsa"), new_key("ed25519")
    assert isinstance(key, RSAPrivateKey)
    rsa_signer, ed_signer = Signer(DOMAIN, "mail1", key), Signer(DOMAIN, "mail2", ed)
    digest, padding, prehashed = sha256(MAIL).digest(), PKCS1v15(), Prehashed(SHA256())
    pem, names = key_text(key).encode(), [name.lower().encode() for name in SIGNED]

    def by_dkimpy() -> bytes:
        signed: bytes = dkimpy.sign(
            MAIL, b"mail1", DOMAIN.encode(), pem, canonicalize=(b"relaxed", b"simple"), include_headers=names
        )
        return signed

    count = chosen.count
    ways = {
        BASE: many(lambda: key.sign(digest, padding, prehashed), count, 1),
        "ours, RSA": many(lambda: sign(MAIL, (rsa_signer,), AT), count, 1),
        "ours, Ed25519": many(lambda: sign(MAIL, (ed_signer,), AT), count, 1),
        "ours, both": many(lambda: sign(MAIL, (rsa_signer, ed_signer), AT), count, 1),
        "dkimpy, RSA": many(by_dkimpy, max(count // 20, 5), 1),
        f"ours, RSA, {chosen.threads} threads": many(
            lambda: sign(MAIL, (rsa_signer,), AT), count, chosen.threads
        ),
    }
    figures = interleaved(ways, chosen.rounds)
    goals = {"ours, RSA": "(asked: x 0.8)", "dkimpy, RSA": "(asked: a tenth of ours)"}
    report(f"Mails of {len(MAIL):,} bytes signed", figures, BASE, as_json=chosen.json, goals=goals)


if __name__ == "__main__":
    main()
