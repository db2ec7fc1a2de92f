"""A small content folder for tests: two stages, one criterion, three mails, two sequences."""

from pathlib import Path

LIFECYCLE = """\
lifecycle: inbound
presets:
  inbound:
    stages:
      lead: {gets: [discovery]}
      prospect: {gets: [decision, adoption, expansion, advocacy, re-engagement]}
      gone: {kind: side, mailable: false}
    transitions:
      - {from: lead, to: prospect}
      - {from: [lead, prospect], to: gone, by: person}
criteria:
  means:
    type: number
    question: How much?
    answers:
      - {value: 100, state: yes, label: {en: A hundred, it: Cento}}
      - {value: 0, state: no, label: {en: Nothing, it: Niente}}
programme:
  caps: [1 a day, 3 a week]
  quiet: {from: "21:00", to: "07:00"}
  zone: Europe/Copenhagen
  country: DK
  holidays of: [DK]
  topics: {guides: Guides, offers: Offers}
"""

SCORING = """\
fit:
  big: {if: {field: company.size, at least: 50}, points: 10}
engagement:
  half life: 30 days
  rules:
    click: {on: clicked, points: 5}
interests:
  half life: 45 days
  weights: {clicked: 2}
"""

LAYOUT = """\
<mjml lang="en">
  <mj-head><mj-title>{{ mail.subject }}</mj-title></mj-head>
  <mj-body>
    <trellis-content/>
    <trellis-partial name="foot"/>
  </mj-body>
</mjml>
"""

FOOT = """\
<mj-section><mj-column><mj-text>
  {{ brand.legal_name }}, {{ brand.postal_address }}. <a href="{{ links.unsubscribe }}">Unsubscribe</a>
</mj-text></mj-column></mj-section>
"""


def mail(
    kind: str = "discovery", *, more: str = "", body: str = '<a href="https://example.com/a">Read</a>'
) -> str:
    return f"""\
---
kind: {kind}
class: marketing
topics: [pricing]
subject: "A subject"
preheader: "Something else"
{more}---
<mj-section><mj-column><mj-text>{body}</mj-text></mj-column></mj-section>
"""


GUIDE = """\
# A comment that survives.
sequence: guide
for: lead
topic: guides
enter: {on: stage_entered}
goal: {stage: prospect}
exit: [unsubscribed]
steps:
  - hello: {send: discovery/hello}
  - pause: {wait: 2 days}
  - more:  {send: discovery/more}
"""

CASE = """\
sequence: case
for: prospect
topic: offers
enter: {on: stage_entered}
exit: [replied]
steps:
  - case: {send: decision/case}
"""

FILES = {
    "sequences/lifecycle.yaml": LIFECYCLE,
    "sequences/scoring.yaml": SCORING,
    "sequences/segments/warm.yaml": "segment: warm\nlabel: Warm\nif: {score: engagement, at least: 10}\n",
    "sequences/discovery/guide.yaml": GUIDE,
    "sequences/decision/case.yaml": CASE,
    "email_templates/layouts/base.mjml": LAYOUT,
    "email_templates/partials/foot.mjml": FOOT,
    "email_templates/discovery/hello.mjml": mail(),
    "email_templates/discovery/hello.it.mjml": mail(body='<a href="https://example.com/a">Leggi</a>'),
    "email_templates/discovery/more.mjml": mail(),
    "email_templates/decision/case.mjml": mail("decision"),
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The folder with FILES, those of `files` in place of theirs."""
    for name, text in {**FILES, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder
