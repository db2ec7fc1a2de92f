"""Access tokens come from a command of the operator's: run without a shell, kept for minutes, never told."""

import sys
from pathlib import Path

import pytest

from app.services.access_tokens import NoToken, TokenCommand, token_of

COUNTS = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); n = len(p.read_text()) if p.exists() else 0; p.write_text('x' * (n + 1)); print(f'token-{n}')"


def test_it_is_kept_until_it_is_refused(tmp_path: Path) -> None:
    command = TokenCommand(f'{sys.executable} -c "{COUNTS}" {tmp_path / "count"}')
    assert [command(), command()] == ["token-0", "token-0"]
    # The next route of the same settings is the same.
    assert TokenCommand(command.command)() == "token-0"
    command.forget()
    assert command() == "token-1"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program-here", "cannot be run"),
        ("'unclosed", "cannot be run"),
        ("false", "ended with 1"),
        ("true", "must print one token"),
        ("echo two words", "must print one token"),
        ("printf 'a\\nb'", "must print one token"),
    ],
)
def test_a_command_that_gives_none_says_why(command: str, said: str) -> None:
    with pytest.raises(NoToken, match=said):
        TokenCommand(command)()


def test_no_shell_reads_it(tmp_path: Path) -> None:
    with pytest.raises(NoToken, match="must print one token"):
        TokenCommand(f"echo a ; touch {tmp_path / 'made'}")()
    assert not (tmp_path / "made").exists()


def test_without_a_command_there_is_no_token() -> None:
    assert token_of("") is None
