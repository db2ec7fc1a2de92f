from typing import Any

import pytest

from app.core.labels import label_in
from app.core.programme import Programme, read_programme
from app.core.reading import Finding, Node
from app.core.timing import Calendar, Span
from tests.core.starter import programme, starter


def test_the_starter_is_a_precise_and_respectful_programme() -> None:
    """Rule 4 of every preset: one set of caps and quiet hours for all sequences together."""
    found = programme()
    assert [cap.label for cap in found.caps] == ["1 a day", "3 a week"]
    assert found.quiet is not None
    assert (f"{found.quiet.start:%H:%M}", f"{found.quiet.end:%H:%M}") == ("21:00", "07:30")
    assert (found.zone, found.locale, found.country) == ("Europe/Copenhagen", "en", "DK")
    assert list(found.topics) == ["guides", "offers", "news"]
    assert found.late == Span(10, "days")
    assert "DK" in found.holidays_of


def test_the_starter_has_no_fault() -> None:
    node = starter("lifecycle")
    read_programme(node.get("programme"), Calendar())
    assert node.findings == []


def test_topics_have_names_by_language() -> None:
    guides = programme().topics["guides"].label
    assert label_in(guides, "it") == "Guide e approfondimenti"
    assert label_in(guides, "pt-PT") == label_in(guides, "fi") == "Guides and reports"
    assert label_in(guides, "nl-BE") == "Gidsen en rapporten"


def test_what_becomes_of_flagged_addresses_is_data() -> None:
    usual = {"role": "keep", "disposable": "hold", "no_mail": "hold", "typo": "keep"}
    assert programme().flags == Programme().flags == usual
    found, findings = read(flags={"no mail": "reject", "typo": "hold"})
    assert (dict(found.flags), findings) == ({**usual, "no_mail": "reject", "typo": "hold"}, [])


def test_marketing_waits_for_who_is_away_unless_said_otherwise() -> None:
    assert programme().wait_when_away
    assert not read(**{"when away": "send"})[0].wait_when_away


def test_without_a_programme_there_are_defaults() -> None:
    calendar = Calendar()
    assert read_programme(None, calendar) == Programme(calendar=calendar)


def read(**tree: Any) -> tuple[Programme, list[Finding]]:
    node = Node(tree)
    return read_programme(node, Calendar()), node.findings


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"caps": ["often"]}, ("caps",)),
        ({"caps": ["0 a day"]}, ("caps",)),
        ({"quiet": {"from": "21:00"}}, ("quiet",)),
        ({"quiet": "at night"}, ("quiet",)),
        ({"window": {"days": "someday"}}, ("window",)),
        ({"zone": "Europe/Copenhage"}, ("zone",)),
        ({"locale": "English"}, ("locale",)),
        ({"country": "Denmark"}, ("country",)),
        ({"holidays of": ["DK", "dk"]}, ("holidays of", 1)),
        ({"flags": {"role": "drop"}}, ("flags", "role")),
        ({"flags": {"roles": "keep"}}, ("flags", "roles")),
        ({"flags": "keep"}, ("flags",)),
        ({"when away": "perhaps"}, ("when away",)),
        ({"late": "soon"}, ("late",)),
        ({"topics": "guides"}, ("topics",)),
        ({"qiet": {}}, ("qiet",)),
    ],
)
def test_faults_name_their_place(tree: dict[str, Any], path: tuple[str | int, ...]) -> None:
    _, findings = read(**tree)
    assert [(f.level, f.path) for f in findings] == [("error", path)]


def test_a_fault_leaves_the_rest_readable() -> None:
    found, _ = read(zone="nowhere", locale="pt-BR", caps="2 a week")
    assert (found.zone, found.locale, [cap.label for cap in found.caps]) == ("UTC", "pt-BR", ["2 a week"])
