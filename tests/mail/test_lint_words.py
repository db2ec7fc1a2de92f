"""Subject, preheader, link texts, the text part, pictures and sizes: each rule fires, and only where it should."""

import pytest

from app.mail.compile import compile_template
from app.mail.lint import LARGE_BYTES, MAX_STYLE_BYTES, lint_template
from tests.mail.support import BRAND, FRONT, LAYOUT, PARTIALS, section, template
from tests.mail.test_lint import source_of

WORDS = "Enough words for a reader whose mail program shows no pictures at all."


def found(text: str, layout: str = LAYOUT) -> set[tuple[int, str, str]]:
    source = source_of(text)
    result = compile_template(source, layout=layout, partials=PARTIALS, brand_sample=BRAND)
    files = {"layouts/base": layout, **{f"partials/{name}": part for name, part in PARTIALS.items()}}
    return {(problem.line, problem.code, problem.where) for problem in lint_template(result, source, files)}


def codes(inner: str, layout: str = LAYOUT) -> set[tuple[int, str]]:
    told = found(template(section(inner)), layout)
    return {(line, code) for line, code, where in told if not where and not code.startswith("client_")}


@pytest.mark.parametrize(
    ("key", "line", "value", "code"),
    [
        ("subject", 4, "word " * 20, "long_subject"),
        ("preheader", 5, "word " * 40, "long_preheader"),
        ("subject", 4, "LAST CHANCE TODAY", "capitals"),
        ("subject", 4, "ПОСЛЕДНИЙ ШАНС", "capitals"),
        ("preheader", 5, "NOW OR NEVER", "capitals"),
        ("subject", 4, "Save now!!", "shouting"),
        ("subject", 4, "Save $$$ now", "shouting"),
        ("subject", 4, "Really?!", "shouting"),
        ("subject", 4, "Re: our talk", "false_reply"),
        ("subject", 4, "FWD: our talk", "false_reply"),
    ],
)
def test_a_subject_or_preheader_like_spam_is_told(key: str, line: int, value: str, code: str) -> None:
    old = "A subject" if key == "subject" else "A preheader"
    text = template(section("<mj-text>x</mj-text>"), FRONT.replace(old, value.strip()))
    assert (line, code, "") in found(text)


@pytest.mark.parametrize(
    "value",
    ["What it costs, to the cent", "VAT and SMS in 2027?", "Save € 3,100 a year!", "EU: 27", "Regarding heat: a note",
     "{{ contact.first_name|default('there') }}, {% if company.name %}A VERY LONG CONDITION INDEED{% endif %} one word"],
)  # fmt: skip
def test_a_plain_subject_is_not_told(value: str) -> None:
    text = template(section("<mj-text>x</mj-text>"), FRONT.replace("A subject", value))
    assert not {code for _, code, _ in found(text)} & {"long_subject", "capitals", "shouting", "false_reply"}


@pytest.mark.parametrize(
    "label", ["click here", "Here", "Clicca qui", "здесь", "Clique aqui!", "Klik hier", "more …"]
)
def test_a_link_that_says_nothing_is_told(label: str) -> None:
    assert (8, "vague_link") in codes(f'<mj-text>Read it <a href="https://a.example/">{label}</a></mj-text>')
    assert (8, "vague_link") in codes(f'<mj-button href="https://a.example/">{label}</mj-button>')


def test_a_link_without_words_is_told_and_one_of_a_named_picture_is_not() -> None:
    picture = (
        '<mj-image href="https://a.example/" src="https://a.example/b.png" alt="{}" /><mj-text>{}</mj-text>'
    )
    assert codes(picture.format("The guide", WORDS)) == set()
    assert codes(picture.format("", WORDS)) == {(0, "empty_link")}
    hidden = f'<mj-text>{WORDS}<span style="display:none"><a href="https://a.example/">The guide</a></span></mj-text>'
    assert codes(hidden) == {(0, "text_no_link")}


def test_a_mail_of_pictures_needs_words() -> None:
    picture = '<mj-image src="https://a.example/b.png" alt="" />'
    assert (0, "text_short") in codes(picture)
    assert codes(f"{picture}<mj-text>{WORDS}</mj-text>") == set()
    assert codes("<mj-text>Yes.</mj-text>") == set()


def test_markup_left_in_the_text_part_is_told() -> None:
    assert (0, "text_markup") in codes("<mj-text>&lt;b&gt;bold&lt;/b&gt;</mj-text>")
    assert (0, "text_markup") in codes("<mj-text>a&amp;nbsp;b</mj-text>")
    assert codes("<mj-text>1 &lt; 2 &amp; 3 &gt; 2, R&amp;D; a &lt;- b</mj-text>") == set()


def test_a_picture_of_a_partial_or_layout_is_told_there() -> None:
    picture = '\n<mj-section><mj-column><mj-image src="http://a.example/b.png" /></mj-column></mj-section>'
    told = found(
        template(section(f"<mj-text>{WORDS}</mj-text>")), LAYOUT.replace("</mj-body>", f"{picture}</mj-body>")
    )
    line = LAYOUT[: LAYOUT.index("</mj-body>")].count("\n") + 2
    assert {(line, "no_alt", "layouts/base"), (line, "plain_http", "layouts/base")} <= told


def test_a_picture_among_words_needs_its_width() -> None:
    image = '<mj-text>{}<img src="https://a.example/b.png" alt="a > b"{}></mj-text>'
    assert codes(image.format(WORDS, "")) == {(8, "no_width")}
    assert codes(image.format(WORDS, ' width="20"')) == set()


def test_a_named_link_that_is_not_encrypted_is_told_at_its_line() -> None:
    front = FRONT + 'links:\n  old: {to: "http://a.example/old"}\n'
    text = template(section('<mj-button href="link:old">The old one</mj-button>'), front)
    assert (7, "plain_http", "") in found(text)


@pytest.mark.parametrize(("words", "code"), [(12_600, "large"), (17_000, "too_large"), (1_000, None)])
def test_a_mail_that_grows_is_told_before_gmail_cuts_it(words: int, code: str | None) -> None:
    sizes = {code for _, code in codes(f"<mj-text>{'words ' * words}</mj-text>")} & {"large", "too_large"}
    assert sizes == ({code} if code else set())
    assert LARGE_BYTES == 80_000


def test_a_style_sheet_that_gmail_drops_is_told() -> None:
    rules = "".join(f".a{number} {{ color: #000000; }}\n" for number in range(MAX_STYLE_BYTES // 20))
    layout = LAYOUT.replace("<mj-head>", f"<mj-head><mj-style>{rules}</mj-style>")
    assert layout != LAYOUT
    assert (0, "large_style") in codes(f"<mj-text>{WORDS}</mj-text>", layout)
    assert codes(f"<mj-text>{WORDS}</mj-text>") == set()


def test_an_unsubscribe_link_and_address_out_of_the_text_part_are_told() -> None:
    layout = (
        '<mjml lang="en"><mj-body><trellis-content /><mj-section><mj-column><mj-text>'
        '<span style="display:none">{{ brand.postal_address }} <a href="{{ links.unsubscribe }}">Go</a></span>'
        "{{ brand.legal_name }}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    told = codes(f"<mj-text>{WORDS}</mj-text>", layout)
    assert {(0, "text_no_unsubscribe"), (0, "text_no_postal_address")} <= told
