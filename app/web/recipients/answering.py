"""Answers to a question in a mail: the link opens a page, its button makes the answer count."""

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from app.core.labels import label_in
from app.core.lifecycle import CriterionDef
from app.core.tokens import ManageToken
from app.services import signals
from app.services.signals.showing import Reader, question
from app.web.recipients.common import locale_of, opened, page, visited, whose
from app.web.recipients.desk import desk
from app.web.shared.context import now

LONGEST_VALUE = 100


def add_answering(recipients: Blueprint) -> None:
    recipients.get("/a/<token>/<value>")(ask)
    recipients.post("/a/<token>/<value>")(answered)


def ask(token: str, value: str) -> ResponseReturnValue:
    held = opened(token)
    visited(held, "answer", value[:LONGEST_VALUE])
    person = whose(held)
    criterion = question(desk().world(), held, now())
    return _asked(token, held, person, criterion, value)


def answered(token: str, value: str) -> ResponseReturnValue:
    """The chosen answer of the form counts; without one, that of the address."""
    held = opened(token)
    person = whose(held)
    criterion = question(desk().world(), held, now())
    given = criterion.answer(request.form.get("answer", value)) if criterion is not None else None
    if criterion is None or given is None:
        return _asked(token, held, person, criterion, value)
    took = signals.answer(desk().world(), held, criterion, given, now=now())
    if took == "gone":
        abort(404)
    if took == "several":
        return _asked(token, held, person, criterion, given.key, several=True)
    label = label_in(given.label, locale_of(person.locale).replace("_", "-"))
    return page("thanks", token, held, person, answer=label, value=given.key)


def _asked(
    token: str,
    held: ManageToken,
    person: Reader,
    criterion: CriterionDef | None,
    value: str,
    several: bool = False,
) -> ResponseReturnValue:
    if criterion is None:
        return page("gone", token, held, person, what="question")
    locale = locale_of(person.locale).replace("_", "-")
    answers = [(answer.key, label_in(answer.label, locale)) for answer in criterion.answers]
    return page(
        "answer", token, held, person, question=label_in(criterion.question, locale), answers=answers,
        value=value if criterion.answer(value) is not None else answers[0][0], several=several,
    )  # fmt: skip
