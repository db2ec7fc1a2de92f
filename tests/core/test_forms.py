"""Sign-up forms as they are written: faults are noted at their place, words have versions."""

from datetime import timedelta

import pytest

from app.core.forms import read_forms
from app.files.trees import read_document

TOPICS = ("guides", "offers")
WHOLE = """\
guides:
  title: {en: Guides, it: Guide}
  agree: {en: "Yes, send me guides.", it: "Sì, inviatemi guide."}
  topics: [guides, offers, guides]
  fields: [first_name]
  sites: [https://www.Example.com/]
  thanks: https://www.example.com/thanks
  valid: 2 days
"""


def test_a_whole_form() -> None:
    node = read_document(WHOLE).node()
    form = read_forms(node, TOPICS)["guides"]
    assert node.findings == []
    assert (form.topics, form.fields, form.sites) == (
        ("guides", "offers"),
        ("first_name",),
        ("https://www.example.com",),
    )
    assert form.valid.delta == timedelta(days=2)
    assert form.words("it-CH") == "Sì, inviatemi guide."
    assert form.words("ru") == "Yes, send me guides."


def test_other_words_are_another_version() -> None:
    form = read_forms(read_document(WHOLE).node(), TOPICS)["guides"]
    changed = read_forms(read_document(WHOLE.replace("Yes", "Yes please")).node(), TOPICS)["guides"]
    assert form.text_version("en") != changed.text_version("en")
    assert form.text_version("it") == changed.text_version("it")
    assert form.text_version("en") == form.text_version("nl")


@pytest.mark.parametrize(
    "text",
    [
        "Guides!: {agree: Yes, topics: [guides]}",
        "guides: {topics: [guides]}",
        "guides: {agree: Yes}",
        "guides: {agree: Yes, topics: [nothing]}",
        "guides: {agree: Yes, topics: [guides], fields: [password]}",
        "guides: {agree: Yes, topics: [guides], sites: [example.com]}",
        "guides: {agree: Yes, topics: [guides], thanks: 'javascript:alert(1)'}",
        "guides: {agree: Yes, topics: [guides], valid: 5 minutes}",
        "guides: {agree: Yes, topics: [guides], valid: soon}",
        "guides: {agree: Yes, topics: [guides], colour: red}",
        "guides: yes",
    ],
)
def test_faults_are_found(text: str) -> None:
    node = read_document(text).node()
    read_forms(node, TOPICS)
    assert len(node.findings) == 1
