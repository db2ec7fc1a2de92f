"""Runs one import in a process of its own, so that a test can kill it: `python -m … URL DATA_DIR IMPORT_ID`."""

import sys
from pathlib import Path
from uuid import UUID

from app.services.importing import run_import, running
from app.store.database import Database
from tests.support.importing import NOW, surroundings


def main() -> None:
    # Small chunks: many places to be killed at.
    running.FIRST_CHUNK = running.SMALLEST = running.LARGEST = 40
    url, data_dir, import_id = sys.argv[1:4]

    def say(position: int, _total: int, _counts: object) -> None:
        print(position, flush=True)

    summary = run_import(Database(url), UUID(import_id), surroundings(Path(data_dir)), NOW, progress=say)
    print(summary.state, flush=True)


if __name__ == "__main__":
    main()
