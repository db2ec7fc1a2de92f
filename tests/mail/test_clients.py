"""What large mail programs do not show is told at its line, and nothing else is."""

import pytest

from app.mail.clients import LARGE, PICTURES, STYLES, client_problems


def told(text: str) -> list[tuple[int, str, str]]:
    return [(one.line, one.code, one.message.split(" does not")[0]) for one in client_problems({"": text})]


@pytest.mark.parametrize(
    ("style", "name"),
    [
        ("position: absolute", "position"),
        ("display:flex", "display: flex"),
        ("display: inline-flex", "display: flex"),
        ("display: grid", "display: grid"),
        ("float: left", "float"),
        ("object-fit: cover", "object-fit"),
        ("--brand: #fff", "a custom property"),
        ("color: var(--brand)", "a custom property"),
        ("margin: 0 0 -10px", "a negative margin"),
        ("margin-top:-4px", "a negative margin"),
        ("background: linear-gradient(#fff, #000)", "a gradient"),
        ("opacity: .5", "opacity"),
        ("max-width: 300px", "max-width"),
    ],
)
def test_a_style_that_breaks_a_mail_is_told(style: str, name: str) -> None:
    assert told(f'\n<p style="color: red; {style}">x</p>') == [(2, "client_support", name)]
    assert told(f"\n\n<mj-style>\np {{ {style} }}</mj-style>") == [(4, "client_support", name)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<p style="border-radius: 4px">x</p>', "border-radius"),
        ('<mj-button border-radius="4px">x</mj-button>', "border-radius"),
        ('<p style="box-shadow: 0 0 1px red">x</p>', "box-shadow"),
        ("<mj-style>a:hover { color: red }</mj-style>", ":hover"),
        ("<mj-style>@media (max-width: 600px) { p { color: red } }</mj-style>", "@media"),
        ("<mj-style>p { animation: x 1s }</mj-style>", "animation"),
    ],
)
def test_what_only_looks_plainer_is_a_note(text: str, name: str) -> None:
    assert told(text) == [(1, "client_note", name)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<mj-image src="https://a.example/a.svg" alt=""/>', "an SVG picture"),
        ('<img src="https://a.example/a.SVG?v=2"/>', "an SVG picture"),
        ('<mj-section background-url="https://a.example/a.webp">', "a WebP picture"),
    ],
)
def test_a_picture_that_is_not_shown_is_told(text: str, name: str) -> None:
    assert told(text) == [(1, "client_support", name)]


@pytest.mark.parametrize(
    "text",
    [
        "<p>position: absolute, float: left and margin: -3px are words here</p>",
        '<p style="background-position: left; margin: 0 auto 4px; line-height: 1.5; opacity: 1; float: none">x</p>',
        '<p style="margin-left: 2px; padding: 3px -0">x</p>',
        "<!-- <mj-style>p { display: flex }</mj-style> -->",
        "<mj-style>/* display: flex */ p { color: red }</mj-style>",
        '<mj-image src="https://a.example/svg.png" alt="position: fixed"/>',
        '<a href="https://a.example/a.svg">x</a>',
    ],
)
def test_nothing_is_made_up(text: str) -> None:
    assert told(text) == []


def test_once_a_file_at_its_first_line_with_the_share() -> None:
    found = list(client_problems({"partials/x": '<p style="float:left">a</p>\n<p style="float:left">b</p>'}))
    assert [(one.line, one.where, one.message, one.remedy) for one in found] == [
        (1, "partials/x", "float does not work in Outlook for Windows (1 of 5 large programs)",
         "Use mj-column, or align on a table or img."),
    ]  # fmt: skip


def test_every_feature_fails_somewhere_and_has_a_remedy() -> None:
    for feature in (*STYLES, *PICTURES):
        assert feature.remedy.endswith(".")
        assert set(feature.fails_in) & set(LARGE)
