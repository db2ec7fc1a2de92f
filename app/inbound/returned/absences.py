"""When somebody who is away will be back, as their automatic answer says it: only where it is clear, never guessed.

Read are English, Italian, Portuguese, Dutch, Russian and German. A date counts beside a word of being back, or of
being away until then; two that differ count as none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from app.inbound.returned.replies import written

# So much of an answer is looked at; what a signature adds comes later.
LONGEST = 3_000
# A date without its year is the next one, within so long; one with its year may be as far away as a year's leave.
NEXT, FARTHEST = timedelta(days=183), timedelta(days=400)
# In this order, and each by its beginnings: the first letters tell months apart, also in the genitive.
_MONTHS = (
    "jan|gen|янв", "feb|fev|фев", "mar|mär|mrz|maa|mrt|март", "apr|abr|апр", "may|mai|mei|mag|мая|май",
    "jun|giu|июн", "jul|lug|июл", "aug|ago|авг", "sep|set|сен", "oct|okt|ott|out|окт", "nov|ноя", "dec|dez|dic|дек",
)  # fmt: skip
_MONTH = {beginning: number for number, names in enumerate(_MONTHS, 1) for beginning in names.split("|")}
_WORD = rf"(?:{'|'.join(_MONTH)})[^\W\d_]{{0,9}}\.?"
_YEAR = r"(?:,? (?:de |of )?(?P<{0}>20\d\d))?(?!\d)"
_DATE = "|".join(
    (
        r"(?P<iso>20\d\d-\d\d-\d\d)(?!\d)",
        rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th|º|\.|-?го|-?е)? ?(?:of |de )?(?P<m1>{_WORD})" + _YEAR.format("y1"),
        rf"(?P<m2>{_WORD}) (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.:])" + _YEAR.format("y2"),
        r"(?P<d3>\d{1,2})\. ?(?P<m3>\d{1,2})(?:\. ?(?P<y3>20\d\d|\d\d(?![\d:])))?(?![\d:])",
        r"(?P<d4>\d{1,2})(?P<sign>[/-])(?P<m4>\d{1,2})(?:(?P=sign)(?P<y4>20\d\d|\d\d))?(?![\d:])",
    )
)
_DAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri|sat|sun|lunedì|martedì|mercoledì|giovedì|venerdì"
    "|sabato|domenica|segunda(?:-feira)?|terça(?:-feira)?|quarta(?:-feira)?|quinta(?:-feira)?|sexta(?:-feira)?|sábado|domingo"
    "|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|понедельник|вторник|среду|среды|четверг|пятницу|субботу|воскресенье"
    "|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so"
)
_BEFORE = rf"(?:(?:the|dem|den|de|il|lo|o|a|dia|o dia) )*(?:(?:{_DAYS})[,.]? )?(?:(?:the|dem|den|il|dia|o dia|de) )?"
# Whether a day or a month comes first where neither is above twelve: English writes both.
_ENGLISH = (
    r"(?<!get )(?<!getting )\b(?:back|return|returning|available again|in again)(?: (?:in|to|at)(?: the| my)? (?:office|work|desk))?"
    r"(?: again)? (?:on|from|as of)"
)
_BACK = "|".join(
    (
        r"(?:di ritorno|di nuovo|rientro|rientrerò|rientreremo|rientra|tornerò|torno|torneremo|ritornerò)(?: (?:in|al|alla|nel) ?(?:ufficio|sede|lavoro))?"
        r"(?: (?:disponibile|operativ[oa]|in ufficio|in sede))? (?:il|l'|dal|da|a partire dal|dall')",
        r"(?:retorno|retornarei|retornaremos|volto|voltarei|voltaremos|estarei de volta|de volta)(?: (?:ao|a[o]? trabalho|escritório|ao escritório|às atividades))*"
        r" (?:em|no dia|dia|a partir de|a partir do dia)",
        r"(?:terug|weer aanwezig|weer bereikbaar|weer beschikbaar|weer op kantoor|weer aan het werk)(?: (?:op|in|aan) (?:het )?(?:kantoor|werk))? (?:op|vanaf|per)?",
        r"(?:вернусь|вернёмся|вернемся|выйду|буду на месте|буду в офисе|буду на работе|буду снова)(?: (?:на работу|в офис|на связи|доступен|доступна))?(?: с)?",
        r"(?:zurück|wieder da|wieder im büro|wieder im haus|wieder erreichbar|wieder für sie da) (?:am|ab|ab dem)",
        r"(?:am|ab|ab dem) (?=[^.\n]{0,20}\d[^\n]{2,24} (?:bin ich )?(?:wieder|zurück))",
    )
)
_UNTIL = r"(?:fino al|fino all'|sino al|al|até o dia|até|a|tot en met|t/m|tot|до|по|bis einschließlich|bis inkl\.?|bis einschl\.?|bis zum|bis)"
_UNTIL_ENGLISH = r"(?:until and including|up to and including|until|till|through|thru|to)"
_AWAY = (
    "out of", "away", "leave", "holiday", "vacation", "absent", "absence", "not in", "unavailable", "travelling", "traveling",
    "ferie", "assente", "assenza", "fuori", "chius", "férias", "ausente", "ausência", "fora d", "licença", "afwezig", "vakantie",
    "verlof", "niet aanwezig", "buiten kantoor", "отпуск", "отсутств", "не в офисе", "нет на месте", "командировк", "urlaub",
    "abwesend", "abwesenheit", "nicht im büro", "außer haus", "nicht im haus", "nicht erreichbar", "ooo",
)  # fmt: skip
# Being away is told in the same sentence, this near. A dot after a number ends none.
_NEAR = 90
_END = re.compile(r"(?<=[^\W\d])[.!?] ")
_PLACES = tuple(
    (is_back, day_first, re.compile(rf"{cue} ?{_BEFORE}(?:{_DATE})", re.I))
    for is_back, day_first, cue in (
        (True, False, _ENGLISH),
        (True, True, rf"(?<!\w)(?:{_BACK})"),
        (False, False, rf"\b{_UNTIL_ENGLISH}(?= )"),
        (False, True, rf"(?<!\w){_UNTIL}(?= |(?<='))"),
    )
)


@dataclass(frozen=True, slots=True)
class Back:
    """A date as it was told: of the return, or of the last day away."""

    day: int
    month: int
    year: int | None = None

    def on(self, told: date) -> date | None:
        """The day that was meant by an answer of the day `told`; None where it is past, or too far to be meant."""
        try:
            if self.year is not None:
                found = date(self.year, self.month, self.day)
                return found if told <= found <= told + FARTHEST else None
            found = date(told.year, self.month, self.day)
            found = found if found >= told else date(told.year + 1, self.month, self.day)
        except ValueError:  # 30 February, or the 29th in a year without one
            return None
        return found if found <= told + NEXT else None


def back_of(subject: str, text: str) -> Back | None:
    """What an automatic answer says of the return of its writer; None where it says nothing, or two things."""
    said = " ".join(f"{subject} . {written(text)}"[:LONGEST].replace("’", "'").lower().split())
    found: dict[bool, set[Back]] = {True: set(), False: set()}
    for is_back, back in _told(said):
        found[is_back].add(back)
    # "Until the 2nd, back on the 3rd": the return is what is asked for.
    told = found[True] or found[False]
    return told.pop() if len(told) == 1 else None


def _told(said: str) -> Iterator[tuple[bool, Back]]:
    for is_back, day_first, pattern in _PLACES:
        for match in pattern.finditer(said):
            if not is_back and not any(word in _sentence(said, match) for word in _AWAY):
                continue
            back = _date(match, day_first)
            if back is not None:
                yield is_back, back


def _sentence(said: str, match: re.Match[str]) -> str:
    before = _END.split(said[max(match.start() - _NEAR, 0) : match.start()])[-1]
    after = said[match.end() : match.end() + _NEAR // 2]
    if match[0][-1].isdigit():
        after = after.removeprefix(".")
    elif re.search(r"[^\W\d]{5}\.$", match[0]):  # no short form of a month, so the sentence ends there
        after = ""
    return f"{before}{match[0]} {after.partition('. ')[0]}"


def _date(match: re.Match[str], day_first: bool) -> Back | None:
    parts = match.groupdict()
    if parts["iso"]:
        year, month, day = map(int, parts["iso"].split("-"))
        return _whole(day, month, year)
    for number in "12":
        if parts[f"d{number}"]:
            return _whole(
                int(parts[f"d{number}"]), _MONTH[_beginning(parts[f"m{number}"])], parts[f"y{number}"]
            )
    if parts["d3"]:
        return _whole(int(parts["d3"]), int(parts["m3"]), parts["y3"])
    day, month = int(parts["d4"]), int(parts["m4"])
    if parts["sign"] == "-" and not parts["y4"]:  # "10-12" is as well ten to twelve
        return None
    if not day_first:
        if day <= 12 and month <= 12 and day != month:
            return None
        day, month = (month, day) if month > 12 else (day, month)
    return _whole(day, month, parts["y4"])


def _beginning(word: str) -> str:
    return next(beginning for beginning in _MONTH if word.startswith(beginning))


def _whole(day: int, month: int, year: str | int | None) -> Back | None:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    whole = int(year) if year else None
    return Back(day, month, whole + 2000 if whole is not None and whole < 100 else whole)
