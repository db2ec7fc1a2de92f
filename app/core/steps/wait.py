"""Wait: for a while, for working days, until a weekday and time, or around a date of the contact."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from app.core.conditions import Needs
from app.core.conditions.texts import read_text
from app.core.effects import Note
from app.core.facts import day_of
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import NO_NEEDS, Context, Go, Move, Outlet, Reading, Stay
from app.core.timing import Span, add_span, next_weekday, on_date, parse_time, parse_weekday

NINE = time(9)


@dataclass(frozen=True, slots=True)
class Wait:
    """Exactly one of `span`, `weekday` and `field` says what is waited for; `local` is the wall-clock time."""

    key: str
    next: str
    span: Span | None = None
    weekday: int | None = None
    field: str | None = None
    offset: Span | None = None
    before: bool = False
    local: time = NINE

    kind: ClassVar[str] = "wait"
    extra: ClassVar[tuple[str, ...]] = ("go",)

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        following = reading.target(step)
        if not isinstance(value.value, dict):
            return cls(key, following, span=parsed(value, Span.parse, Span(1, "days")))
        value.keys(("until", "at", "date", "before", "after"))
        local = parsed(value.get("at"), parse_time, NINE)
        if "until" in value and "date" in value:
            value.error("A wait has one end: a weekday or a date.", "Keep `until` or `date`.")
        until, before, after = value.get("until"), value.get("before"), value.get("after")
        if before and after:
            value.error("A wait is before or after a date.", "Keep one of the two.")
        if until is not None:
            if before or after:
                value.error("“before” and “after” go with a date.", "Take them out.")
            return cls(key, following, weekday=parsed(until, parse_weekday, 0), local=local)
        field = value.need("date", "Say `until: tuesday` or `date: <field>`.")
        offset = before or after
        return cls(
            key,
            following,
            field=read_text(field) if field else "",
            offset=parsed(offset, Span.parse, Span(0, "days")) if offset else None,
            before=before is not None,
            local=local,
        )

    def enter(self, context: Context) -> Move:
        zone = context.setting.zone(context.facts)
        due = self._due(context, zone)
        if due is None:
            return self._skip(context, "wait.no_date")
        if due <= context.at and self.field:
            return self._skip(context, "wait.date_passed")
        local = due.astimezone(zone)
        return Stay(
            "due",
            due,
            Reason(
                f"wait.{self._what()}",
                {"for": str(self.span or self.offset or ""), "field": self.field or ""},
            ),
            local_due=local.replace(tzinfo=None).isoformat(timespec="minutes") if not self.span else None,
            zone=zone.key if not self.span else None,
        )

    def _what(self) -> str:
        return "span" if self.span else "date" if self.field else "weekday"

    def _skip(self, context: Context, code: str) -> Move:
        return Go(
            self.next,
            (Note("step", context.at, Reason(code, {"step": self.key, "field": self.field or ""})),),
        )

    def _due(self, context: Context, zone: ZoneInfo) -> datetime | None:
        calendar, country = context.setting.programme.calendar, context.setting.country(context.facts)
        if self.span is not None:
            return add_span(context.at, self.span, zone, calendar, country)
        if self.weekday is not None:
            return next_weekday(context.at, self.weekday, self.local, zone)
        value = day_of(context.facts.fields.get(self.field or ""))
        if value is None:
            return None
        return on_date(value, self.offset, self.before, self.local, zone, calendar, country)

    def finish(self, context: Context) -> Move:
        return Go(self.next)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(self.next, "next"),)

    def needs(self) -> Needs:
        return Needs(fields=frozenset({self.field})) if self.field else NO_NEEDS
