"""What SpamAssassin, where it is installed, thinks of a mail: its score and the rules behind it.

It is a program of its own, never part of this one, and runs without asking the network (`-L`).
"""

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

SECONDS = 90.0
INSTALL = "SpamAssassin is not installed. On Debian and Ubuntu: apt-get install spamassassin. Then try again."
_SCORE = re.compile(r"^X-Spam-Status:[^\n]*\bscore=(-?\d+(?:\.\d+)?)", re.M | re.I)
_DAEMON = re.compile(r"\A\s*(-?\d+(?:\.\d+)?)/(-?\d+(?:\.\d+)?)\s*$", re.M)
_RULE = re.compile(r"^\s{0,4}(-?\d+(?:\.\d+)?)\s+([A-Z][A-Z0-9_]+)\b", re.M)
_REPORT = re.compile(r"^\s*pts rule name", re.M)
# The rule MIXED_ES takes letters that look like a Latin e for a disguise. In these languages they are letters like
# any other, and a Latin name and address at the foot are enough for it; its authors meant 0.01 points in some of them.
_OTHER_ES = frozenset({"be", "bg", "cs", "el", "hr", "mk", "pl", "ru", "sk", "sr", "uk"})
_NO_DISGUISE = "--cf=score MIXED_ES 0.01"


class NoSpamAssassin(Exception):
    """It is not there, or gave no answer; the text says what to do."""


@dataclass(frozen=True, slots=True)
class SpamScore:
    """The sum, and (rule, points) of those that count, the weightiest first."""

    score: float
    rules: tuple[tuple[str, float], ...]


def spam_score(raw: bytes, locale: str = "") -> SpamScore:
    """The score of one mail, written in `locale`, as it would arrive. Raises NoSpamAssassin."""
    return parse_report(_run(raw, locale))


def spam_scores(raws: Sequence[bytes], locale: str = "") -> list[SpamScore]:
    """The scores of many mails in one language, in their order. SpamAssassin reads its rules once for all of them,
    which takes it ten times as long as one mail. Raises NoSpamAssassin.
    """
    if len(raws) < 2 or shutil.which("spamassassin") is None:
        return [spam_score(raw, locale) for raw in raws]
    # A line that no mail holds stands between them, in and out.
    between = b"From %b Thu Jan  1 00:00:00 1970\n" % secrets.token_hex(16).encode()
    # A line of a mail that begins as such a line does would end the mail.
    bodies = [re.sub(rb"(?m)^(?=From )", b">", raw.replace(b"\r\n", b"\n")) for raw in raws]
    mailbox = b"".join(between + body + b"\n" for body in bodies)
    told = _run(mailbox, locale, "--mbox", seconds=SECONDS + len(raws))
    reports = told.split(between.decode())[1:]
    if len(reports) != len(raws):
        raise NoSpamAssassin(f"SpamAssassin gave {len(reports)} scores for {len(raws)} mails. Try again.")
    return [parse_report(report) for report in reports]


def parse_report(output: str) -> SpamScore:
    """The score out of what `spamassassin -t` or `spamc -R` prints. Raises NoSpamAssassin without one."""
    found = _DAEMON.search(output)
    if found and float(found[2]) == 0:
        # What spamc says when no daemon answers it.
        raise NoSpamAssassin("spamc reaches no spamd. Start the service spamd, or install spamassassin.")
    found = found or _SCORE.search(output)
    if found is None:
        raise NoSpamAssassin("SpamAssassin gave no score. Try `spamassassin -L -t` on a mail by hand.")
    report = _REPORT.search(output)
    pairs = (
        (rule, float(points)) for points, rule in _RULE.findall(output[report.end() :] if report else "")
    )
    rules = sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0]))
    # Added to nothing, so that -0.0 reads 0.0.
    return SpamScore(float(found[1]) + 0.0, tuple(rules))


def _command(locale: str) -> list[str]:
    if program := shutil.which("spamassassin"):
        own = [_NO_DISGUISE] if locale.partition("-")[0] in _OTHER_ES else []
        return [program, "-L", "-t", "-x", *own]
    if program := shutil.which("spamc"):
        return [program, "-R"]
    raise NoSpamAssassin(INSTALL)


def _run(raw: bytes, locale: str, *more: str, seconds: float = SECONDS) -> str:
    command = [*_command(locale), *more]
    with tempfile.TemporaryDirectory() as home:
        # No settings of ours, so no secrets; a home of its own, because it writes there.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 - found on PATH, with words of ours
                command,
                input=raw,
                capture_output=True,
                timeout=seconds,
                env=environment,
                cwd=home,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoSpamAssassin(f"SpamAssassin took over {seconds:.0f} seconds. Try again later.") from None
        except OSError as error:
            raise NoSpamAssassin(f"SpamAssassin does not start: {error.strerror}. Install it anew.") from None
    return done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
