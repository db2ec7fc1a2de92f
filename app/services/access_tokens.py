"""Access tokens for relays and mailboxes that take no password (XOAUTH2): a command of the operator's prints them."""

import shlex
import subprocess
from dataclasses import dataclass
from threading import Lock
from time import monotonic

# A token is good for an hour where we know it. Asked for this often, one that was taken back is not held for long.
KEPT = 300.0
PATIENCE = 30.0
LONGEST = 16_000
_kept: dict[str, tuple[str, float]] = {}
_one_at_a_time = Lock()


class NoToken(ValueError):
    """The command gave none; the text says what happened, and nothing of what it printed."""


@dataclass(frozen=True, slots=True)
class TokenCommand:
    """A program and its words, as in a shell but without one. Called, it gives the first line that it prints."""

    command: str

    def __call__(self) -> str:
        """The token of the last minutes, or a new one. Raises NoToken."""
        with _one_at_a_time:
            token, until = _kept.get(self.command, ("", 0.0))
            if monotonic() >= until:
                token = _printed(self.command)
                _kept[self.command] = token, monotonic() + KEPT
            return token

    def forget(self) -> None:
        """The server refused it: the next one is asked for anew."""
        with _one_at_a_time:
            _kept.pop(self.command, None)


def token_of(command: str) -> TokenCommand | None:
    return TokenCommand(command) if command else None


def _printed(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own words, and no shell
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, ValueError) as error:
        raise NoToken(
            f"The token command cannot be run: {getattr(error, 'strerror', None) or error}."
        ) from None
    except subprocess.TimeoutExpired:
        raise NoToken(f"The token command did not end within {PATIENCE:.0f} seconds.") from None
    if done.returncode:
        raise NoToken(f"The token command ended with {done.returncode}. Run it by hand to see why.")
    lines = done.stdout[:LONGEST].decode("ascii", "replace").split()
    if len(lines) != 1 or not lines[0].isascii():
        raise NoToken("The token command must print one token and nothing else.")
    return lines[0]
