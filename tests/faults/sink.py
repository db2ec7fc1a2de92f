"""An SMTP server in a process of its own: appends each mail it takes to the log it is given, until told to end."""

import sys
from pathlib import Path

from tests.support.smtp_server import ScriptedServer


def main() -> None:
    with ScriptedServer(log=Path(sys.argv[1])) as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
