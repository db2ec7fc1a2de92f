"""One installation and all its mails for the tests of the content."""

from collections.abc import Iterator

import pytest

from tests.content.house import FRENCH, KINDS, LOCALES, House, Sent, address


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("content"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def sent(house: House) -> list[Sent]:
    """Every mail to everybody, and the task about each."""
    people = [address(kind, locale) for kind in KINDS for locale in LOCALES]
    return [one for who in [*people, FRENCH] for one in [*house.mails(who), house.task(who)]]


@pytest.fixture(scope="session")
def full(house: House) -> list[Sent]:
    """Every mail in each language, to the contact with every field."""
    return [one for locale in LOCALES for one in house.mails(address("full", locale))]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last lines say what could not be looked at on this machine."""
    skipped = [one for one in terminalreporter.stats.get("skipped", ()) if "tests/content/" in one.nodeid]
    for reason in sorted({str(one.longrepr[2]).removeprefix("Skipped: ") for one in skipped}):
        terminalreporter.write_line(f"The mails were not all looked at. {reason}", yellow=True)
