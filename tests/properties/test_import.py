"""Imports under any file: nothing is lost, nothing comes twice, a rehearsal tells the truth."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from email_validator import validate_email
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.contacts import Known, Wanted, merge, phone_number, plain_address, tags_in, tidy
from app.services.importing import ImportOptions, read_table, run_import, running
from app.services.importing.results import safe
from app.store import imports, tables
from tests.support.databases import open_sqlite
from tests.support.importing import NOW, House

ADDRESSES = st.sampled_from(
    ["a@x.it", "A@X.it", "b@x.it", "c@y.it", "d@gmail.com", "e@z.it", "", "broken", "é@x.it"]
)
CELLS = st.sampled_from(
    ["", " ", "Roma", "Ü", "=1+1", "lead", "wizard", "12", "1,234", "x;y", "two\nlines", '"']
)
ROWS = st.lists(st.tuples(ADDRESSES, ADDRESSES, CELLS, CELLS, CELLS, CELLS), max_size=14)
HEADER = ("email", "email 2", "city", "stage", "tags", "flats")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=12)
OPTIONS = ImportOptions(
    unknown_stage="default", consents=("guides",), basis="b", consent_source="s", enroll="2 a day"
)


def as_csv(rows: list[tuple[str, ...]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([HEADER, *rows])
    return out.getvalue()


@pytest.fixture
def new_house(sqlite_template: Path) -> Iterator[Callable[[], House]]:
    """A fresh database for each example."""
    houses: list[House] = []
    with tempfile.TemporaryDirectory() as folder:

        def make() -> House:
            data_dir = Path(folder) / str(len(houses))
            data_dir.mkdir()
            houses.append(House(open_sqlite(sqlite_template, data_dir / "t.db"), data_dir))
            return houses[-1]

        yield make
        for house in houses:
            house.database.close()


def everything(house: House) -> dict[str, object]:
    """What is in the database, without what a mere repetition may add."""
    people = house.rows(tables.contacts, "id")
    return {
        "people": people,
        "identities": house.rows(tables.identities, "id"),
        "tags": house.rows(tables.contact_tags, "contact_id", "tag"),
        "stages": house.rows(tables.contact_stages, "contact_id"),
        "consents": house.rows(tables.consents, "contact_id"),
        "facts": house.rows(tables.fact_changes, "id"),
        "timeline": house.rows(tables.timeline, "id"),
        "admissions": house.rows(tables.admissions, "id"),
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, size=st.integers(1, 5))
def test_any_file_is_counted_in_full_and_told_before(
    new_house: Callable[[], House], rows: list[tuple[str, ...]], size: int
) -> None:
    house = new_house()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "FIRST_CHUNK", size)
        patch.setattr(running, "SMALLEST", 1)
        patch.setattr(running, "LARGEST", size)
        rehearsed = house.rehearse(as_csv(rows), OPTIONS, fields=("flats=flats:number",))
        done = house.run(as_csv(rows), OPTIONS, fields=("flats=flats:number",))
    counts = done.counts
    assert done.state == "done"
    assert rehearsed.counts == counts
    assert counts["rows"] == sum(
        counts[name] for name in ("created", "updated", "unchanged", "repeated", "rejected")
    )
    assert counts["rows"] == sum(any(cell.strip() for cell in row) for row in rows)
    assert len(house.rows(tables.import_rows)) == counts["rejected"] + counts["noted"]
    assert house.sizes()["contacts"] == counts["created"]
    keys = [row["value"] for row in house.rows(tables.identities)]
    assert len(keys) == len(set(keys))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(ADDRESSES, st.just(""), CELLS, CELLS, CELLS, st.just("")), max_size=14))
def test_the_same_file_again_changes_nothing(
    new_house: Callable[[], House], rows: list[tuple[str, ...]]
) -> None:
    house = new_house()
    house.run(as_csv(rows), OPTIONS)
    before = everything(house)
    again = house.run(as_csv(rows), OPTIONS)
    assert again.counts["created"] == again.counts["updated"] == 0
    assert everything(house) == before


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, stops=st.lists(st.integers(0, 3), max_size=5))
def test_stops_anywhere_leave_what_one_run_leaves(
    new_house: Callable[[], House], rows: list[tuple[str, ...]], stops: list[int]
) -> None:
    whole, broken = new_house(), new_house()
    content = as_csv(rows)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("FIRST_CHUNK", 2), ("SMALLEST", 1), ("LARGEST", 2)):
            patch.setattr(running, name, value)
        straight = whole.run(content, OPTIONS, fields=("flats=flats:number",))
        import_id = broken.begin(content, OPTIONS, fields=("flats=flats:number",))
        for stop in stops:
            left = iter([False] * stop)
            run_import(
                broken.database, import_id, broken.around, NOW, should_stop=lambda left=left: next(left, True)
            )
        finished = run_import(broken.database, import_id, broken.around, NOW)
    assert finished.counts == straight.counts
    assert broken.sizes() == whole.sizes()
    with whole.database.read() as one, broken.database.read() as other:
        found = [
            [
                (row["row_number"], row["reason_code"], row["reason_params"])
                for row in imports.noted_rows(read, which)
            ]
            for read, which in ((one, straight.import_id), (other, import_id))
            if which is not None
        ]
    assert found[0] == found[1]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([["email", "first name", "city"], *rows])
    table = read_table(out.getvalue().encode(encoding))
    assert table.header == ("email", "first name", "city")
    assert table.delimiter == delimiter
    assert [record.cells for record in table.rows()] == rows


@settings(max_examples=200, deadline=None)
@given(
    local=st.from_regex(r"[A-Za-z0-9_.+\-]{1,20}", fullmatch=True),
    domain=st.from_regex(r"[A-Za-z0-9\-.]{1,20}\.[a-z]{2,5}", fullmatch=True),
)
def test_the_quick_look_at_an_address_agrees_with_the_full_one(local: str, domain: str) -> None:
    plain = plain_address(f"{local}@{domain}")
    if plain is not None:
        checked = validate_email(f"{local}@{domain}", check_deliverability=False)
        assert plain.key == f"{checked.local_part.lower()}@{checked.ascii_domain.lower()}"


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60))
def test_reading_a_value_again_changes_nothing(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert tags_in(",".join(tags_in(text))) == tags_in(text)
    number = phone_number(text)
    assert number is None or phone_number(number) == number
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@settings(max_examples=100, deadline=None)
@given(
    facts=st.dictionaries(st.sampled_from(["city", "flats", "pets"]), st.sampled_from([1, True, "x", 1.5])),
    said=st.dictionaries(st.sampled_from(["city", "flats", "pets"]), st.sampled_from([1, True, "x", 1.5])),
    state=st.sampled_from(["given", "asked", "withdrawn", None]),
    suppressed=st.booleans(),
)
def test_merging_reaches_what_is_said_and_never_upgrades_consent(
    facts: dict[str, object], said: dict[str, object], state: str | None, suppressed: bool
) -> None:
    consents = {"guides": state} if state else {}
    known = Known(UUID(int=1), facts=facts, consents=consents, suppressed=suppressed)  # type: ignore[arg-type]
    merged = merge(Wanted(facts=said, consents=("guides",), basis="b"), known)  # type: ignore[arg-type]
    after = {**facts, **{c.name: c.new for c in merged.changes if c.kind == "field"}}
    assert after == {**facts, **said}
    upgraded = any(change.kind == "consent" for change in merged.changes)
    assert upgraded == (state is None and not suppressed)
