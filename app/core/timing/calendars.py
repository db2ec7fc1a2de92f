"""Which days are holidays and which are working days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

EVERYONE = "*"

_NO_DAYS: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays by ISO 3166 country code in capitals; under "*" those of everyone."""

    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)

    def is_holiday(self, day: date, country: str | None) -> bool:
        """Whether `day` is a holiday in `country` (None: unknown) or for everyone."""
        if not self.holidays:
            return False
        if country is not None and day in self.holidays.get(country, _NO_DAYS):
            return True
        return day in self.holidays.get(EVERYONE, _NO_DAYS)

    def is_working(self, day: date, country: str | None) -> bool:
        """Whether `day` is Monday to Friday and no holiday."""
        return day.weekday() < 5 and not self.is_holiday(day, country)
