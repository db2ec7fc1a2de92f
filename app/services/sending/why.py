"""The clause behind "Why you get this:" at the foot of a mail, in the recipient's language."""

from functools import lru_cache

from app.core.labels import label_in
from app.core.programme import Programme
from app.services.sentences import say


def why_line(programme: Programme, topic: str | None, locale: str) -> str:
    known = programme.topics.get(topic or "")
    if known is None:
        return say("mail_foot.touch", {}, locale)
    return _about(label_in(known.label, locale), locale)


@lru_cache(maxsize=256)
def _about(topic: str, locale: str) -> str:
    return say("mail_foot.topic", {"topic": topic}, locale)
