"""Subject, preheader, link texts and the text part: what readers and spam filters look at first."""

import re
from collections.abc import Iterator

from app.mail.compile import CompiledTemplate
from app.mail.page import Page
from app.mail.places import CODE, Places
from app.mail.source import Problem, TemplateSource

MAX_SUBJECT, MAX_PREHEADER, MIN_TEXT = 78, 150, 40
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_SHOUT = re.compile(r"[!?]{2,}|[$€£]{2,}|\*{3,}")
_REPLY = re.compile(r"\s*(?:re|fwd?|aw|wg|rif|sv|ref|enc|r|i)\s*:", re.I)
_MARKUP = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d+);", re.I)
# What says nothing when links are read out one after the other, in the languages we write in.
_VAGUE = frozenset({
    "click", "click here", "here", "link", "this link", "more", "this", "clicca qui", "clicca", "qui", "clique aqui",
    "aqui", "clique", "klik hier", "hier", "klik", "нажмите здесь", "здесь", "тут", "нажмите сюда", "сюда",
})  # fmt: skip


def line_problems(source: TemplateSource) -> Iterator[Problem]:
    """Subject and preheader."""
    for key, value, most in (
        ("subject", source.subject, MAX_SUBJECT),
        ("preheader", source.preheader, MAX_PREHEADER),
    ):
        line, plain = source.lines.get(key, 1), _JINJA.sub("", value)
        if len(plain) > most:
            what = f"the {key} has {len(plain)} characters; inboxes show fewer than {most}"
            yield Problem(line, f"long_{key}", what, "Say it shorter, the weightiest words first.")
        letters = [char for char in plain if char.isalpha() and char.upper() != char.lower()]
        if len(letters) > 5 and all(char.isupper() for char in letters):
            yield Problem(line, "capitals", f"the {key} is all capitals, as spam is", "Write small letters.")
        if found := _SHOUT.search(plain):
            what = f"“{found[0]}” in the {key} is how spam writes"
            yield Problem(line, "shouting", what, "Take it out, or write one mark only.")
    if _REPLY.match(source.subject):
        what = "the subject looks like an answer or something forwarded, and the mail is none"
        yield Problem(source.lines.get("subject", 1), "false_reply", what, "Begin with what it is about.")


def link_problems(page: Page, places: Places) -> Iterator[Problem]:
    """Links that say nothing about where they lead."""
    for link in page.links:
        text = link.text
        if text.strip(" .!…›»>→").casefold() in _VAGUE:
            found = places.of(text)
            what, remedy = f"the link “{text}” does not say where it leads", "Write what is behind it."
            yield Problem(found.line, "vague_link", what, remedy, found.where)
        elif not text:
            # Never "find" an address: the first chunk of it may stand in many links.
            yield Problem(0, "empty_link", "a link has no words", "Write words, or give its picture an alt.")


def text_problems(compiled: CompiledTemplate, text: str, pictures: bool) -> Iterator[Problem]:
    """`text` is the text part with its chunks as `{{ code }}`; `pictures`: the mail shows some."""
    plain = CODE.sub("", text)
    if (found := _MARKUP.search(plain)) is not None:
        what = f"“{found[0][:40]}” is left in the text part"
        yield Problem(0, "text_markup", what, "Write &lt; and &gt; only where a reader should see them.")
    if pictures and len(re.sub(r"\s", "", plain)) < MIN_TEXT:
        what = "the text part has next to no words; filters and readers without pictures see that"
        yield Problem(0, "text_short", what, "Say in words what the pictures show.")
    if compiled.message_class == "marketing":
        for code, what in (
            ("l_unsubscribe", "the link to unsubscribe"),
            ("brand.postal_address", "the postal address"),
        ):
            if f"\x01 {code} \x02" in compiled.html and f"\x01 {code} \x02" not in compiled.text:
                name = code.removeprefix("l_").replace("brand.", "")
                yield Problem(
                    0,
                    f"text_no_{name}",
                    f"{what} is missing from the text part",
                    "Write it in words that are not hidden.",
                )
    missing = [one.url_template for one in compiled.links if f"\x01 u{one.number} \x02" not in compiled.text]
    for url in missing:
        what = f"the link to {url} is missing from the text part"
        yield Problem(0, "text_no_link", what, "Give the link words, or its picture an alt.")
