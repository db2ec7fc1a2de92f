"""An import that is killed, stopped, run twice at once or overtaken does nothing twice and loses nothing."""

import subprocess
import sys
import threading
from pathlib import Path

from app.services import importing
from app.services.importing import ImportOptions, ImportSummary, run_import
from app.store import imports, tables
from app.store.database import Database
from tests.support.importing import NOW, WORKSPACE, House

ROOT = Path(__file__).resolve().parents[3]
ROWS = 3_000
OPTIONS = ImportOptions(consents=("guides",), basis="fair", consent_source="fair-2026", enroll="100 a day")


def content(rows: int = ROWS) -> str:
    lines = [f"p{n % (rows - 50)}@c{n % 40}.example,Name {n},fair" for n in range(rows)]
    return "\n".join(["email,name,tags", *lines, "broken,X,", ""])


def worker(house: House, import_id: object) -> "subprocess.Popen[str]":
    url = house.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.support.import_worker", url, str(house.data_dir), str(import_id)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def expected(house: House, summary: ImportSummary, rows: int = ROWS) -> None:
    """What one undisturbed run leaves behind."""
    people = len({line.split(",")[0] for line in content(rows).splitlines()[1:-1]})
    sizes = house.sizes()
    assert summary.state == "done"
    assert summary.counts == {
        "rows": rows + 1, "created": people, "updated": 0, "unchanged": 0, "repeated": rows - people, "rejected": 1,
        "noted": rows - people, "enrolled": people,
    }  # fmt: skip
    for name in sizes:
        assert sizes[name] == (40 if name == "companies" else people), name
    assert len(house.rows(tables.import_rows)) == rows - people + 1


def test_killed_in_the_middle_again_and_again(house: House) -> None:
    import_id = house.begin(content(), OPTIONS)
    kills = 0
    for chunks in (1, 2, 1, 3):
        process = worker(house, import_id)
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(chunks)]
        process.kill()
        process.wait()
        process.stdout.close()
        kills += said[-1].isdigit() and int(said[-1]) < ROWS
    with house.database.read() as connection:
        row = imports.by_id(connection, import_id)
    assert row is not None
    assert row["state"] == "running"
    assert 0 < row["position"] < ROWS
    assert kills >= 3
    expected(house, run_import(house.database, import_id, house.around, NOW))


def test_a_stopped_import_goes_on_and_a_cancelled_one_does_not(house: House) -> None:
    import_id = house.begin(content(2_000), OPTIONS)
    asked = iter([False, False, True])
    stopped = run_import(house.database, import_id, house.around, NOW, should_stop=lambda: next(asked))
    assert stopped.state == "running"
    assert 0 < stopped.counts["rows"] < 2_000
    [resumed] = importing.resume_imports(house.database, WORKSPACE, house.around, NOW)
    expected(house, resumed, 2_000)

    second = house.begin("email\nz@x.it\n")
    with house.database.write() as connection:
        assert imports.finish(connection, second, "cancelled", NOW)
    assert run_import(house.database, second, house.around, NOW).state == "cancelled"
    assert importing.resume_imports(house.database, WORKSPACE, house.around, NOW) == []


def test_cancelled_between_chunks_it_stops_there(house: House) -> None:
    import_id = house.begin(content(2_000), OPTIONS)

    def cancel(position: int, _total: int, _counts: object) -> None:
        with house.database.write() as connection:
            imports.finish(connection, import_id, "cancelled", NOW)

    summary = run_import(house.database, import_id, house.around, NOW, progress=cancel)
    assert summary.state == "cancelled"
    assert house.sizes()["contacts"] == summary.counts["created"] < 1_950


def together(*calls: object) -> list[object]:
    """Run at the same time; what each returned or raised."""
    results: list[object] = [None] * len(calls)

    def call(place: int) -> None:
        try:
            results[place] = calls[place]()  # type: ignore[operator]
        except Exception as fault:
            results[place] = fault

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_runners_of_one_import_share_it_without_doing_a_row_twice(house: House) -> None:
    import_id = house.begin(content(1_500), OPTIONS)
    both = together(*[lambda: run_import(house.database, import_id, house.around, NOW)] * 2)
    assert all(isinstance(one, ImportSummary) for one in both), both
    expected(house, run_import(house.database, import_id, house.around, NOW), 1_500)


def test_two_files_with_the_same_people_at_the_same_time_make_them_once(house: House) -> None:
    lines = [f"p{n}@x.it,N\n" for n in range(1_200)]
    first = house.begin("email,name\n" + "".join(lines))
    second = house.begin("email,name\n" + "".join(reversed(lines)))
    both = together(
        lambda: run_import(house.database, first, house.around, NOW),
        lambda: run_import(house.database, second, house.around, NOW),
    )
    assert [one.state if isinstance(one, ImportSummary) else one for one in both] == ["done", "done"]
    assert house.sizes()["contacts"] == house.sizes()["identities"] == 1_200


def test_others_write_between_the_chunks(house: House) -> None:
    import_id = house.begin(content(2_000), OPTIONS)
    written: list[int] = []

    def write(position: int, _total: int, _counts: object) -> None:
        other = Database(house.database.url.render_as_string(hide_password=False))
        with other.write() as connection:
            connection.execute(tables.workspaces.update().values(name=str(position)))
        other.close()
        written.append(position)

    run_import(house.database, import_id, house.around, NOW, progress=write)
    assert len(written) >= 2
