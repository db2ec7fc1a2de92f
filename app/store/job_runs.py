"""When each job last ran, and how that went."""

from typing import Any

from sqlalchemy import Connection, update

from app.store import ledger
from app.store.tables import job_runs


def note(connection: Connection, job: str, worker: str, every: float, **values: Any) -> None:
    """Write down `values` (last_started_at, last_finished_at, last_error_at, last_error, handled) of a job."""
    ledger.insert_new(connection, job_runs, [{"job": job, "handled": 0, "every": every, "worker": worker}])
    connection.execute(
        update(job_runs).where(job_runs.c.job == job).values(worker=worker, every=every, **values)
    )
