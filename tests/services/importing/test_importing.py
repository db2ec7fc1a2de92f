"""Imports on both databases: what comes in, what does not and why, and that nothing happens twice."""

import csv
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.services.importing import ImportFault, ImportOptions, run_import
from app.store import tables
from tests.support.importing import NOW, SEQUENCE, House

CONSENT = ImportOptions(consents=("guides",), basis="asked at the fair, 12 Nov", consent_source="fair-2026")


def test_a_file_becomes_contacts_with_all_that_hangs_on_them(house: House) -> None:
    summary = house.run(
        "E-Mail;Vorname;Nachname;Firma;Land;Sprache;Telefon;Tags;Stadt;Zeitzone;Kanal;Owner;Email 2;Stage\n"
        "Anna@Halden.example;Anna;Rossi;Halden;Italien;Deutsch;0039 06 123456;Fair, warm;Roma;Europe/Rome;Telefon;"
        "owner@halden.example;anna.r@gmail.com;MQL\n"
    )
    assert summary.state == "done"
    assert summary.counts["created"] == 1
    found = house.contact("anna@halden.example")
    assert {name: found[name] for name in ("first_name", "last_name", "country", "locale", "phone", "zone")} == {
        "first_name": "Anna", "last_name": "Rossi", "country": "IT", "locale": "de", "phone": "+3906123456",
        "zone": "Europe/Rome",
    }  # fmt: skip
    assert (found["preferred_channel"], found["owner_id"].int, found["fields"]) == ("phone", 31, {})
    assert house.stage("anna@halden.example") == "lead"
    assert [row["tag"] for row in house.rows(tables.contact_tags, "tag")] == ["fair", "warm"]
    identities = house.rows(tables.identities, "is_primary")
    assert [(row["value"], row["shown_as"], row["is_primary"]) for row in identities] == [
        ("anna.r@gmail.com", "anna.r@gmail.com", False),
        ("anna@halden.example", "Anna@Halden.example", True),
    ]
    [company] = house.rows(tables.companies)
    assert (company["domain"], company["name"], company["id"]) == (
        "halden.example",
        "Halden",
        found["company_id"],
    )
    [fact] = house.rows(tables.fact_changes)
    assert (fact["kind"], fact["old"], fact["source"]) == ("created", None, f"import:{summary.import_id}")
    assert fact["new"]["first_name"] == "Anna"
    [line] = house.rows(tables.timeline)
    assert (line["code"], line["actor"], line["params"]) == (
        "contact.imported",
        "import",
        {"file": "contacts.csv", "row": 2},
    )


def test_the_same_file_twice_changes_nothing(house: House) -> None:
    content = (
        "email,name,company,flats,tags,email2\na@x.it,Anna Rossi,X,12,fair,a2@y.it\n"
        "b@gmail.com,Bo,Rossi Srl,,,\na@x.it,Anne Rossi,X,13,,\n"
    )
    first = house.run(content, CONSENT, fields=("flats=flats:number",))
    before = house.sizes()
    second = house.run(content, CONSENT)
    assert (first.counts["created"], first.counts["repeated"]) == (2, 1)
    assert (second.counts["unchanged"], second.counts["repeated"], second.counts["updated"]) == (2, 1, 0)
    assert house.sizes() == before
    assert house.contact("a@x.it")["first_name"] == "Anne"
    assert house.contact("a@x.it")["fields"] == {"flats": 13}


def test_a_rehearsal_counts_the_same_and_writes_nothing(house: House) -> None:
    house.run("email,city\na@x.it,Roma\nc@x.it,Bari\n")
    content = (
        "email,city,email2\na@x.it,Oslo,\nb@x.it,Bern,d@x.it\nno address,,\nc@x.it,Bari,\nd@x.it,Wien,\n"
        "e@x.it,,\ne@x.it,Pisa,\n"
    )
    before = house.sizes()
    rehearsed = house.rehearse(content)
    assert house.sizes() == before
    assert len(house.rows(tables.imports)) == 1
    done = house.run(content)
    assert rehearsed.counts == done.counts
    assert rehearsed.counts == {
        "rows": 7, "created": 2, "updated": 2, "unchanged": 1, "repeated": 1, "rejected": 1, "noted": 1, "enrolled": 0,
    }  # fmt: skip
    assert [(r.row, r.result) for r in rehearsed.remarks] == [(4, "rejected"), (7, "noted")]


def test_each_rejected_row_has_its_reason_and_the_others_come_in(house: House) -> None:
    summary = house.run(
        "email,stage,flats,renewal,note\n,lead,,,\nno at sign,lead,,,\na@x.it,wizard,,,\nb@x.it,lead,many,,\n"
        "c@x.it,lead,,03/04/2026,\nd@x.it,lead,1,2026-01-31,\ne@x.it,lead,,,,too,many\nf@x.it\n",
        fields=("flats=flats:number", "renewal=renewal:date"),
    )
    assert house.reasons(summary.import_id) == [
        (2, "rejected", "address.missing"),
        (3, "rejected", "address.invalid"),
        (4, "rejected", "import.row.stage"),
        (5, "rejected", "import.value.number"),
        (6, "rejected", "import.value.date_twofold"),
        (8, "rejected", "import.row.wide"),
    ]
    assert (summary.counts["created"], summary.counts["rejected"]) == (2, 6)
    assert house.contact("d@x.it")["fields"] == {"flats": 1, "renewal": "2026-01-31"}


def test_the_result_file_explains_and_starts_no_formula(house: House) -> None:
    summary = house.run('email,name,phone\n=cmd|calc,"@SUM(1)",+39 06 123456\na@x.it,Bo,call\nb@x.it,Ok,\n')
    assert summary.results is not None
    with summary.results.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["row", "result", "reason", "explanation", "email", "name", "phone"]
    assert [row[:3] for row in rows[1:]] == [
        ["2", "rejected", "address.invalid"],
        ["3", "noted", "import.note.phone"],
    ]
    assert rows[1][4:] == ["'=cmd|calc", "'@SUM(1)", "'+39 06 123456"]
    assert "“=cmd|calc” is not a mail address" in rows[1][3]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


def test_consent_comes_with_its_basis_and_is_written_down(house: House) -> None:
    house.run("email,consent,basis\na@x.it,yes,\nb@x.it,no,\nc@x.it,,\nd@x.it,ja,signed form\n", CONSENT)
    entries = house.rows(tables.consent_entries, "id")
    assert [(row["purpose"], row["state"], row["basis"], row["source"]) for row in entries] == [
        ("guides", "given", "asked at the fair, 12 Nov", "fair-2026"),
        ("guides", "given", "signed form", "fair-2026"),
    ]
    assert len(house.rows(tables.consents)) == 2


def test_without_a_basis_nobody_is_mailable(house: House) -> None:
    options = ImportOptions(consents=("guides",), consent_source="fair-2026")
    summary = house.run("email,basis\na@x.it,\nb@x.it,signed form\n", options)
    assert [row["contact_id"] for row in house.rows(tables.consents)] == [house.contact("b@x.it")["id"]]
    assert house.reasons(summary.import_id) == [(2, "noted", "import.note.no_basis")]


def test_an_import_never_upgrades_consent(house: House) -> None:
    house.run("email\nw@x.it\nk@x.it\ns@x.it\nt@x.it\n")
    house.set_consent("w@x.it", "guides", "withdrawn")
    house.set_consent("k@x.it", "guides", "asked")
    house.suppress("s@x.it", "address", "complaint")
    house.suppress("t@x.it", "topic", "preferences", "guides")
    house.suppress("gone.example", "domain", "person")
    summary = house.run("email\nw@x.it\nk@x.it\ns@x.it\nt@x.it\nnew@gone.example\nfree@x.it\n", CONSENT)
    assert house.reasons(summary.import_id) == [
        (2, "noted", "import.note.consent_withdrawn"),
        (3, "noted", "import.note.consent_asked"),
        (4, "noted", "import.note.suppressed"),
        (5, "noted", "import.note.consent_withdrawn"),
        (6, "noted", "import.note.suppressed"),
    ]
    assert sorted(row["state"] for row in house.rows(tables.consents)) == ["asked", "given", "withdrawn"]
    assert len(house.rows(tables.consent_entries)) == 1


def test_who_was_erased_is_not_brought_back(house: House) -> None:
    house.suppress("a@x.it", "address", "erasure")
    summary = house.run("email\na@x.it\n")
    assert house.reasons(summary.import_id) == [(2, "rejected", "import.row.erased")]
    assert house.sizes()["contacts"] == 0


def test_an_existing_contact_keeps_its_stage(house: House) -> None:
    house.run("email,stage\na@x.it,Cliente\n")
    summary = house.run("email,stage\na@x.it,lead\n")
    assert house.stage("a@x.it") == "customer"
    assert house.reasons(summary.import_id) == [(2, "noted", "import.note.stage_kept")]


def test_rows_without_a_stage_take_the_default_and_unknown_words_may(house: House) -> None:
    options = ImportOptions(default_stage="prospect", unknown_stage="default")
    summary = house.run("email,stage\na@x.it,\nb@x.it,wizard\nc@x.it,MQL\n", options)
    assert [house.stage(f"{who}@x.it") for who in "abc"] == ["prospect", "prospect", "lead"]
    assert house.reasons(summary.import_id) == [(3, "noted", "import.note.stage_unknown")]
    house.run("email\nd@x.it\n")
    assert house.stage("d@x.it") == "lead"


@pytest.mark.parametrize(
    ("enroll", "days"),
    [("no", []), ("now", [0, 0, 0, 0, 0]), ("2 a day", [0, 0, 1, 1, 2]), ("1 per day", [0, 1, 2, 3, 4])],
)
def test_enrolling_is_asked_for_and_staggered(house: House, enroll: str, days: list[int]) -> None:
    content = "email,stage\n" + "".join(f"p{n}@x.it,{'customer' if n == 3 else 'lead'}\n" for n in range(6))
    summary = house.run(content, ImportOptions(enroll=enroll))
    rows = house.rows(tables.admissions, "due_at", "id")
    assert [row["due_at"] - NOW for row in rows] == [timedelta(days=day) for day in days]
    assert summary.counts["enrolled"] == len(days)
    assert all(
        (row["state"], row["trigger"], row["definition_id"]) == ("waiting", "import", SEQUENCE)
        for row in rows
    )
    house.run(content, ImportOptions(enroll=enroll))
    assert len(house.rows(tables.admissions)) == len(days)


def test_updates_leave_a_row_of_history_each(house: House) -> None:
    house.run("email,city,country\na@x.it,Roma,IT\n")
    summary = house.run("email,city,country,tags,source\na@x.it,Milano,,fair,expo\n")
    mine = f"import:{summary.import_id}"
    changes = [row for row in house.rows(tables.fact_changes, "id") if row["source"] == mine]
    assert [(row["kind"], row["name"], row["old"], row["new"]) for row in changes] == [
        ("field", "city", "Roma", "Milano"),
        ("field", "source", None, "expo"),
        ("tag", "fair", None, True),
    ]
    found = house.contact("a@x.it")
    assert (found["city"], found["country"], found["revision"]) == ("Milano", "IT", 1)


def test_a_company_that_was_renamed_is_found_by_its_old_name_and_its_domain(house: House) -> None:
    house.run("email,company\na@gmail.com,Berg\n")
    with house.database.write() as connection:
        connection.execute(update(tables.companies).values(name="Berg & Dal", domain="berg.example"))
    house.run("email,company,website\nb@gmail.com,berg,\nc@gmail.com,Berg,berg.example\n")
    [company] = house.rows(tables.companies)
    assert company["name"] == "Berg & Dal"
    assert {row["company_id"] for row in house.rows(tables.contacts)} == {company["id"]}


def test_companies_are_by_domain_and_free_mail_makes_none(house: House) -> None:
    house.run(
        "email,company,website,size\na@x.it,,,\nb@x.it,Ex Spa,,50\nc@gmail.com,,,\nd@gmail.com,Rossi Srl,,\n"
        "e@gmail.com,ROSSI  SRL,,\nf@gmail.com,Y,https://www.y.example/about,9\ng@x.it,Other name,,70\n",
        fields=("size=company.size:number",),
    )
    companies = house.rows(tables.companies, "name")
    assert [(row["domain"], row["name"], row["fields"]) for row in companies] == [
        ("x.it", "Ex Spa", {"size": 50}),
        (None, "Rossi Srl", {}),
        ("y.example", "Y", {"size": 9}),
    ]
    assert house.contact("c@gmail.com")["company_id"] is None
    assert house.contact("d@gmail.com")["company_id"] == house.contact("e@gmail.com")["company_id"]


def test_an_address_leads_to_its_contact_and_is_never_taken_from_another(house: House) -> None:
    house.run("email,email2\na@x.it,b@x.it\nc@x.it,\n")
    summary = house.run("email,email2,city\nb@x.it,c@x.it,Roma\nd@x.it,a@x.it,Oslo\n")
    assert house.contact("a@x.it")["id"] == house.contact("b@x.it")["id"] == house.contact("d@x.it")["id"]
    assert house.contact("a@x.it")["city"] == "Oslo"
    assert house.contact("c@x.it")["city"] is None
    assert house.reasons(summary.import_id) == [(2, "noted", "import.note.address_taken")]


def test_addresses_are_unique_by_their_normal_form(house: House) -> None:
    house.run("email\nAnna@X.it\nanna@x.IT\nanna+fair@x.it\na@münchen.example\nA@xn--mnchen-3ya.example\n")
    values = [row["value"] for row in house.rows(tables.identities, "value")]
    assert values == ["a@xn--mnchen-3ya.example", "anna+fair@x.it", "anna@x.it"]


def test_odd_values_are_noted_with_their_rows_and_the_zone_is_kept(house: House) -> None:
    summary = house.run("email,zone,country,owner,language\na@x.it,Mars/Base,Atlantis,nobody@x.it,??\n")
    [row] = house.rows(tables.import_rows)
    codes = [row["reason_code"], *(more["code"] for more in row["reason_params"]["also"])]
    assert codes == ["import.note.zone", "import.note.country", "import.note.owner", "import.note.locale"]
    assert house.contact("a@x.it")["zone"] == "Mars/Base"
    assert summary.counts["noted"] == 1


def test_a_rejected_last_row_does_not_take_its_earlier_ones_down(house: House) -> None:
    summary = house.run("email,flats\na@x.it,1\na@x.it,2\na@x.it,many\n", fields=("flats=flats:number",))
    assert house.contact("a@x.it")["fields"] == {"flats": 2}
    assert summary.counts == {
        "rows": 3, "created": 1, "updated": 0, "unchanged": 0, "repeated": 1, "rejected": 1, "noted": 2, "enrolled": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (ImportOptions(enroll="soon"), "import.option.enroll"),
        (ImportOptions(enroll="0 a day"), "import.option.enroll"),
        (ImportOptions(default_stage="wizard"), "import.option.stage"),
        (ImportOptions(unknown_stage="x"), "import.option.unknown_stage"),
        (ImportOptions(consents=("guides",), basis="b"), "import.option.consent_source"),
        (ImportOptions(consents=("nope",), basis="b", consent_source="s"), "import.option.topic"),
        (ImportOptions(owner="x@y.it"), "import.option.owner"),
    ],
)
def test_a_wrong_option_stops_before_anything_is_written(
    house: House, options: ImportOptions, code: str
) -> None:
    with pytest.raises(ImportFault) as caught:
        house.begin("email\na@x.it\n", options)
    assert caught.value.reason.code == code
    assert house.rows(tables.imports) == []
    assert not (house.data_dir / "imports").exists()


@pytest.mark.parametrize(
    ("chosen", "fields", "code"),
    [
        ({"Mail": "nope"}, (), "import.map.target"),
        ({"Nope": "email"}, (), "import.map.column"),
        ({"Mail": "ignore"}, (), "import.map.no_email"),
        ({}, ("Flats",), "import.field.form"),
        ({}, ("Flats=flats:weight",), "import.field.type"),
        ({}, ("Flats=city:text",), "import.field.reserved"),
        ({}, ("Flats=flats:choice",), "import.field.choices"),
    ],
)
def test_a_wrong_mapping_names_the_column_or_the_place(
    house: House, chosen: dict[str, str], fields: tuple[str, ...], code: str
) -> None:
    with pytest.raises(ImportFault) as caught:
        house.begin("Mail,Flats\na@x.it,1\n", chosen=chosen, fields=fields)
    assert caught.value.reason.code == code


def test_columns_can_be_mapped_by_hand(house: House) -> None:
    house.run(
        "Kontakt,City,Größe\na@x.it,Roma,large\n",
        chosen={"kontakt": "email", "City": "persona"},
        fields=("Größe=size:choice(small|large)",),
    )
    found = house.contact("a@x.it")
    assert (found["persona"], found["city"], found["fields"]) == ("Roma", None, {"size": "large"})


def test_a_file_changed_or_gone_meanwhile_fails_with_its_reason(house: House) -> None:
    for change, code in ((lambda p: p.write_text("email\nb@x.it\n"), "import.file.changed"), (lambda p: p.unlink(), "import.file.gone")):  # fmt: skip
        import_id = house.begin("email\na@x.it\n")
        change(house.data_dir / "imports" / f"{import_id}.csv")
        summary = run_import(house.database, import_id, house.around, NOW)
        assert summary.problem is not None
        assert (summary.state, summary.problem.code) == ("failed", code)
    assert house.sizes()["contacts"] == 0


def test_origin_source_and_owner_of_the_file_are_for_those_who_have_none(house: House) -> None:
    house.run("email,source\na@x.it,web\n", ImportOptions(origin="inbound"))
    house.run(
        "email\na@x.it\nb@x.it\n",
        ImportOptions(origin="outbound", source="list", owner="Owner@halden.example"),
    )
    found = [house.contact(f"{who}@x.it") for who in "ab"]
    assert [(row["origin"], row["source"], row["owner_id"].int) for row in found] == [
        ("inbound", "web", 31),
        ("outbound", "list", 31),
    ]


def test_every_code_that_is_used_has_its_sentence() -> None:
    import re
    from pathlib import Path

    from app.services import importing
    from app.services.importing.sentences import known_codes

    folder = Path(importing.__file__).parent
    code = re.compile(r'(?:ImportFault|RowFault|Reason)\(\s*"((?:import|address)\.[a-z_.]+)"')
    sources = [*folder.glob("*.py"), folder.parent / "addresses.py"]
    used = {found for path in sources for found in code.findall(path.read_text())}
    assert len(used) > 25
    assert used <= known_codes()
