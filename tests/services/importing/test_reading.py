"""Files as they come out of spreadsheets and other people's tools."""

import pytest

from app.services.importing import ImportFault, read_table, sentence
from app.services.importing.reading import LONGEST_LINE

TEXT = "E-Mail;Имя;Città\na@x.it;Юля;Forlì\nb@x.it;Zoë;\n"
LATIN = "E-mail;Vorname;Stadt\na@x.de;Jörg;Köln\n"


def cells(content: bytes) -> list[list[str]]:
    return [record.cells for record in read_table(content).rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_with_and_without_a_mark(encoding: str) -> None:
    table = read_table(TEXT.encode(encoding))
    assert table.header == ("E-Mail", "Имя", "Città")
    assert [record.cells for record in table.rows()] == [["a@x.it", "Юля", "Forlì"], ["b@x.it", "Zoë", ""]]


def test_utf_16_of_plain_english_without_a_mark() -> None:
    assert read_table("email,name\na@x.it,Bo\n".encode("utf-16-be")).encoding == "utf-16-be"


@pytest.mark.parametrize(("encoding", "found"), [("latin-1", "cp1252"), ("cp1252", "cp1252")])
def test_western_single_bytes(encoding: str, found: str) -> None:
    table = read_table(LATIN.encode(encoding))
    assert table.encoding == found
    assert next(table.rows()).cells == ["a@x.de", "Jörg", "Köln"]


def test_bytes_that_windows_has_no_letter_for_are_read_as_latin_1() -> None:
    assert read_table(b"email;name\na@x.it;\x81\xe9\n").encoding == "latin-1"


def test_an_encoding_can_be_given() -> None:
    table = read_table("email;имя\na@x.ru;Юля\n".encode("cp1251"), encoding="windows-1251")
    assert next(table.rows()).cells == ["a@x.ru", "Юля"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_found_among_quoted_ones(delimiter: str) -> None:
    rows = [["email", "name", "note"], ["a@x.it", "Rossi, Anna; dr.", "x\ty"], ["b@x.it", "Bo", ""]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    table = read_table(text.encode())
    assert table.delimiter == delimiter
    assert [record.cells for record in table.rows()] == rows[1:]


def test_one_column_needs_no_delimiter() -> None:
    assert cells(b"email\na@x.it\nb@x.it\n") == [["a@x.it"], ["b@x.it"]]


def test_a_declared_delimiter_counts() -> None:
    table = read_table(b"sep=;\nemail;name\na@x.it;b,c\n")
    assert (table.delimiter, table.header, table.header_row) == (";", ("email", "name"), 2)


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    table = read_table(b'\n\nemail,note\na@x.it,"one\ntwo"\n\nb@x.it,\n')
    assert table.header_row == 3
    assert [(r.number, r.cells) for r in table.rows()] == [
        (4, ["a@x.it", "one\ntwo"]),
        (5, []),
        (6, ["b@x.it", ""]),
    ]


def test_nuls_are_dropped() -> None:
    assert cells(b"email,name\na@x.it,B\x00o\n" + b"b@x.it,Bo\n" * 50)[0] == ["a@x.it", "Bo"]


def test_old_line_ends_and_a_missing_last_one() -> None:
    assert cells(b"email,name\ra@x.it,A\rb@x.it,B") == [["a@x.it", "A"], ["b@x.it", "B"]]


def test_double_and_empty_titles_are_told_apart() -> None:
    assert read_table(b"email,Email,email,,x,\n").header == ("email", "Email", "email (3)", "(4)", "x")


def test_a_runaway_quote_costs_one_row() -> None:
    content = b'email,name\na@x.it,"' + b"x\n" * 100_000 + b"b@x.it,B\nc@x.it,C\n"
    records = list(read_table(content).rows())
    assert records[0].fault is not None
    assert records[0].fault.code == "import.row.cell_long"
    assert records[-1].cells == ["c@x.it", "C"]


def test_a_quote_that_is_never_closed_is_named_with_its_lines() -> None:
    *good, bad = read_table(b'email,name\na@x.it,A\nb@x.it,"B\nc@x.it,C\n').rows()
    assert [record.cells for record in good] == [["a@x.it", "A"]]
    assert bad.fault is not None
    assert (bad.number, bad.fault.code, bad.fault.params) == (
        3,
        "import.row.quote_open",
        {"line": 3, "to": 4},
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.file.empty"),
        (b"\xef\xbb\xbf", "import.file.empty"),
        (b" \r\n\n", "import.file.empty"),
        (b";;\n;;\n", "import.file.empty"),
        (b"PK\x03\x04" + bytes(range(256)), "import.file.binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "import.file.binary"),
        (b"%PDF-1.7 ...", "import.file.binary"),
        (bytes(range(256)) * 40, "import.file.binary"),
        (b"\xff\xfe" + b"a\x00\x00\xd8\n\x00", "import.file.undecodable"),
        (b"\xef\xbb\xbfemail\n\xff\n", "import.file.undecodable"),
        (b"a@x.it,Anna\nb@x.it,Bo\n", "import.file.no_header"),
        (b"x," * 1001 + b"email\n", "import.file.columns"),
        (b"email\n" + b"x" * (LONGEST_LINE + 1), "import.file.line_long"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(content: bytes, code: str) -> None:
    with pytest.raises(ImportFault) as caught:
        list(read_table(content).rows())
    assert caught.value.reason.code == code
    said = sentence(code, caught.value.reason.params)
    assert said != code
    assert said.count(".") >= 1


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(ImportFault) as caught:
        read_table(b"email\na@x.it\n", encoding="klingon")
    assert caught.value.reason.params == {"encoding": "klingon"}
