"""Public holidays of countries, looked up once a process."""

from collections.abc import Iterable
from datetime import date
from functools import cache

from app.core.timing import Calendar


def calendar_for(countries: Iterable[str], years: Iterable[int]) -> Calendar:
    """The public holidays of `countries` (ISO 3166, capitals) in `years`; a country nobody knows has none."""
    span = tuple(years)
    return Calendar({country: days for country in countries if (days := _days(country, span))})


def unknown_countries(countries: Iterable[str]) -> list[str]:
    """Those of `countries` whose holidays are not known here."""
    return [country for country in countries if country not in _supported()]


@cache
def _supported() -> frozenset[str]:
    import holidays

    return frozenset(holidays.list_supported_countries(include_aliases=True))


@cache
def _days(country: str, years: tuple[int, ...]) -> frozenset[date]:
    if country not in _supported():
        return frozenset()
    # Imported here: the tables of all countries are large, and a web worker may never need them.
    import holidays

    return frozenset(holidays.country_holidays(country, years=years))
