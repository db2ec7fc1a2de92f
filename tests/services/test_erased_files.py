"""An erased person in imported files: other rows keep their numbers, and nothing of the process changes."""

import csv
from pathlib import Path

from app.services.importing.reading import read_table
from app.services.privacy.files import _blank

RUNAWAY = '"' + "x\n" * 100_000


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def rows(path: Path) -> list[tuple[int, list[str], bool]]:
    return [(r.number, r.cells, r.fault is not None) for r in read_table(path.read_bytes()).rows()]


def test_other_rows_keep_numbers_and_cells(tmp_path: Path) -> None:
    path = written(tmp_path, f'email,name\n\na@x.it,"A\nB"\nMara@x.it,M\nc@x.it,{RUNAWAY}d@x.it,D\n')
    before = rows(path)
    assert _blank(path, "utf-8", ",", ("mara@x.it",), whole=False) == [4]
    assert "mara" not in path.read_text().casefold()
    assert rows(path) == [(n, ["", ""] if n == 4 else cells, fault) for n, cells, fault in before]


def test_a_runaway_row_that_names_the_person_is_emptied(tmp_path: Path) -> None:
    path = written(tmp_path, f"email,name\na@x.it,A\nb@x.it,{RUNAWAY}mara@x.it,M\nc@x.it,C\n")
    _blank(path, "utf-8", ",", ("mara@x.it", "b@x.it"), whole=False)
    text = path.read_text()
    assert "mara@x.it" not in text
    assert "b@x.it" not in text
    assert rows(path)[-1][1] == ["c@x.it", "C"]


def test_the_limit_on_a_cell_is_left_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    _blank(written(tmp_path, "email\na@x.it\n"), "utf-8", ",", ("a@x.it",), whole=True)
    assert csv.field_size_limit() == before
