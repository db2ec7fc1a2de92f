"""Every mail in every language as it would leave, scored by SpamAssassin."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from app.core.tokens import message_id
from app.files.findings import FileFinding
from app.mail.compile import CompiledTemplate
from app.mail.headers import Mailbox
from app.mail.links import urls_for
from app.mail.message import Envelope, Listing, checked_message
from app.mail.program import Program
from app.mail.sample import sample_context
from app.mail.spam import NoSpamAssassin, SpamScore, spam_scores
from app.services.authoring.compiling import AT_ONCE, Recipe, brand_of
from app.services.authoring.linting import Checked
from app.services.ids import new_id
from config import Settings

WARN, FAIL = 2.0, 5.0
# As long as real ones; what they hold nobody reads.
_TRACK, _MANAGE, _REPLY = "Tq7" * 27, "Mz4" * 27, "k3v7" * 9


@dataclass(frozen=True, slots=True)
class Scored:
    """One mail's score; `file` below the content folder."""

    file: str
    result: SpamScore

    def __str__(self) -> str:
        return f"{self.file} {self.result.score:.1f} {self.rules}".rstrip()

    @property
    def rules(self) -> str:
        return ", ".join(f"{name} {points:g}" for name, points in self.result.rules)

    def finding(self) -> FileFinding | None:
        """From 5 on filters sort a mail out; above 2 little is missing."""
        score = self.result.score
        if score <= WARN:
            return None
        message = f"SpamAssassin gives this mail {score:.1f} points: {self.rules or 'no rule named'}."
        remedy = "Filters sort out from 5 on. Change what the first of these rules looks at."
        return FileFinding(self.file, 1, "error" if score >= FAIL else "warning", message, remedy)


def score_mails(checked: Checked, settings: Settings, now: datetime) -> list[Scored]:
    """The score of each mail that compiles. Raises NoSpamAssassin."""
    mails = [
        (recipe, checked.compiled.done[recipe.digest])
        for recipe in checked.recipes
        if recipe.digest in checked.compiled.done
    ]
    # One run a language: what SpamAssassin reads before its first mail takes longer than the mails.
    by_locale: dict[str, list[int]] = {}
    for place, (_, compiled) in enumerate(mails):
        by_locale.setdefault(compiled.locale, []).append(place)

    def score(locale: str) -> list[SpamScore]:
        raws = [sample_mail(*mails[place], settings, now) for place in by_locale[locale]]
        return spam_scores(raws, locale)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        scored = list(pool.map(score, by_locale))
    found = {
        place: one
        for places, scores in zip(by_locale.values(), scored, strict=True)
        for place, one in zip(places, scores, strict=True)
    }
    return [Scored(recipe.files[""], found[place]) for place, (recipe, _) in enumerate(mails)]


def sample_mail(recipe: Recipe, compiled: CompiledTemplate, settings: Settings, now: datetime) -> bytes:
    """The mail to a contact with every field filled, with the head that a real one has."""
    domain = settings.sender_address.rpartition("@")[2]
    reply = f"reply-{_REPLY}@{settings.reply_domain}" if settings.reply_domain else settings.sender_address
    urls = urls_for(settings.public_url, _TRACK, _MANAGE, campaign="sample", content=recipe.key)
    marketing = compiled.message_class == "marketing"
    listing = Listing("mail", domain, urls.unsubscribe, feedback=("mail", "mail", compiled.kind, domain))
    envelope = Envelope(
        delivery=new_id(now),
        sender=Mailbox(settings.sender_name, settings.sender_address),
        recipient=Mailbox("Ada Lovelace", "ada@example.com"),
        at=now,
        message_id=message_id(_REPLY, domain),
        reply_to=reply,
        listing=listing if marketing else None,
    )
    context = sample_context(compiled, brand_of(settings))
    return checked_message(Program.load(compiled), context, envelope, urls, track=marketing)


__all__ = ["NoSpamAssassin", "Scored", "score_mails"]
