"""The recipients' pages in a process of their own, as a WSGI server runs them, without ticks.

Arguments: data folder, database address, and the most bytes a file may have from then on (0: any). Prints the port.
"""

import resource
import signal
import sys
import threading
from pathlib import Path

from waitress.server import create_server

from app.factory import create_app
from config import Settings


def main() -> None:
    folder, url, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    settings = Settings(_env_file=None, data_dir=folder, database_url=url, secret_key="k" * 32)
    server = create_server(create_app(settings), host="127.0.0.1", port=0, threads=8)
    if most:
        # What a full disk says, without filling one.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    print(server.effective_port, flush=True)
    # Ends with its parent, however that ends.
    threading.Thread(target=lambda: (sys.stdin.read(), server.close()), daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()
