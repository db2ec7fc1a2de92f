"""Rows whose address looks wrong: kept, held or refused as the programme says, counted, and told with a remedy."""

import csv
from dataclasses import replace

import pytest
from sqlalchemy import insert

from app.core.contacts.flags import USUAL
from app.store import tables
from tests.support.importing import NOW, WORKSPACE, House

FILE = (
    "email,name,email2\ninfo@halden.example,Info,\nx@mailinator.com,X,\nann@gmial.com,Ann,\n"
    "bo@silent.example,Bo,\ncy@halden.example,Cy,cy@gmial.com\n"
)


@pytest.fixture
def silent(house: House) -> House:
    """A house that has heard that one of the domains takes no mail."""
    row = {
        "workspace_id": WORKSPACE, "domain": "silent.example", "takes_mail": "no", "due_at": NOW, "failures": 0,
    }  # fmt: skip
    with house.database.write() as connection:
        connection.execute(insert(tables.domain_checks), [row])
    return house


def told(house: House, path: object) -> dict[str, tuple[str, str, str]]:
    """By address: the result, the reason and the explanation of the result file."""
    with open(str(path), encoding="utf-8-sig", newline="") as stream:
        return {
            row["email"]: (row["result"], row["reason"], row["explanation"]) for row in csv.DictReader(stream)
        }


def test_by_default_all_come_in_and_each_is_told(silent: House) -> None:
    summary = silent.run(FILE)
    assert summary.flags == {"role": 1, "disposable": 1, "no_mail": 1, "typo": 2}
    assert (summary.counts["created"], summary.counts["noted"], summary.counts["rejected"]) == (5, 5, 0)
    rows = told(silent, summary.results)
    assert rows["ann@gmial.com"] == (
        "noted", "import.flag.typo", "ann@gmial.com looks mistyped. Did you mean ann@gmail.com?",
    )  # fmt: skip
    assert rows["x@mailinator.com"][2].endswith("is written to when somebody lifts its suppression.")
    assert rows["info@halden.example"][2] == "info@halden.example belongs to a role and not to a person."
    assert rows["bo@silent.example"][1] == "import.flag.no_mail"
    assert silent.rehearse(FILE).flags == summary.flags


def test_what_is_refused_stays_out_with_the_remedy(silent: House) -> None:
    silent.around = replace(silent.around, flags=dict.fromkeys(USUAL, "reject"))
    summary = silent.run(FILE)
    assert (summary.counts["created"], summary.counts["rejected"]) == (1, 4)
    assert summary.flags == {"role": 1, "disposable": 1, "no_mail": 1, "typo": 2}
    assert [row["value"] for row in silent.rows(tables.identities)] == ["cy@halden.example"]
    rows = told(silent, summary.results)
    assert rows["ann@gmial.com"][0] == "rejected"
    assert rows["cy@halden.example"][2] == (
        "cy@gmial.com looks mistyped. Did you mean cy@gmail.com? The further address cy@gmial.com was left out for that."
    )


def test_the_stricter_of_two_flags_decides(silent: House) -> None:
    with silent.database.write() as connection:
        row = {
            "workspace_id": WORKSPACE,
            "domain": "gmial.com",
            "takes_mail": "no",
            "due_at": NOW,
            "failures": 0,
        }
        connection.execute(insert(tables.domain_checks), [row])
    silent.around = replace(silent.around, flags={**USUAL, "no_mail": "reject"})
    summary = silent.run(FILE)
    assert summary.counts["rejected"] == 2
    assert told(silent, summary.results)["ann@gmial.com"][1] == "import.flag.no_mail"
    silent.around = replace(silent.around, flags={**USUAL, "typo": "hold", "no_mail": "keep"})
    explained = told(silent, silent.run(FILE).results)["ann@gmial.com"][2]
    assert explained == (
        "ann@gmial.com looks mistyped. Did you mean ann@gmail.com? The domain of ann@gmial.com takes no mail. "
        "It comes in, and is written to when somebody lifts its suppression."
    )


def test_the_same_file_again_tells_the_same(silent: House) -> None:
    first = silent.run(FILE)
    again = silent.run(FILE)
    assert again.flags == first.flags
    assert again.counts["created"] == 0
