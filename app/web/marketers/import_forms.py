"""What the forms of an import say."""

from flask import request

from app.core.contacts import tags_in
from app.services.importing import ImportFault, ImportOptions, drafts, looking
from app.services.importing.options import NewField

LONGEST = 400
MOST_TAGS, LONGEST_TAG = 20, 60
NEW = ("new:contact", "new:company")


def revision() -> int:
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def new_fields(chosen: list[str]) -> dict[int, NewField]:
    form = request.form
    return {
        place: drafts.wished_field(
            form.get(f"name-{place}", ""), target.partition(":")[2], form.get(f"type-{place}", ""),
            form.get(f"choices-{place}", "")[:4_000],
        )
        for place, target in enumerate(chosen)
        if target in NEW
    }  # fmt: skip


def chosen_options() -> ImportOptions:
    """What the form says. Raises ImportFault."""
    form = request.form

    def said(name: str) -> str:
        return " ".join(form.get(name, "")[:LONGEST].split())

    tags = tags_in(form.get("tags", "")[:4_000])
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
        raise ImportFault("import.option.tags", longest=LONGEST_TAG, most=MOST_TAGS)
    enroll = form.get("enroll", "no")
    if enroll == "a_day":
        pace = said("a_day")
        if not pace.isascii() or not pace.isdigit() or not 1 <= int(pace[:9]) <= 1_000_000:
            raise ImportFault("import.option.a_day")
        enroll = f"{int(pace)} a day"
    dates = form.get("dates", "")
    meant = {
        word: stage[:60]
        for word, stage in zip(form.getlist("word"), form.getlist("stage-of"), strict=False)
        if stage
    }
    options = ImportOptions(
        default_stage=form.get("stage") or None,
        unknown_stage=form.get("unknown", "reject"),
        enroll=enroll,
        consents=tuple(dict.fromkeys(topic[:80] for topic in form.getlist("topic"))),
        basis=said("basis"),
        consent_source=said("consent_source"),
        tags=tags,
        origin=form.get("origin", "import"),
        source=said("source") or None,
        owner=form.get("owner") or None,
        day_first=None if dates not in ("day", "month") else dates == "day",
    )
    return drafts.with_words(options, dict(list(meant.items())[: looking.MOST_WORDS]))
