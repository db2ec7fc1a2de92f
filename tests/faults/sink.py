"""An SMTP server in a process of its own: appends each mail it takes to the log it is given, until told to end.

Then it says how many of them were signed by RSA and by Ed25519, and how many bodies broke off.
"""

import sys
from pathlib import Path

from tests.support.smtp_server import ScriptedServer


def main() -> None:
    with ScriptedServer(log=Path(sys.argv[1])) as server:
        print(server.port, flush=True)
        sys.stdin.read()
        signed = sum(
            mail.data.count(b"DKIM-Signature:") == 2 and b"a=ed25519-sha256" in mail.data
            for mail in server.received
        )
        print(signed, len(server.half_bodies), flush=True)


if __name__ == "__main__":
    main()
