"""A small programme with everything in it that can pull at a mail: caps, windows, waits, asks, moves."""

from pathlib import Path

from tests.services.authoring.content import FOOT, LAYOUT, mail

LIFECYCLE = """\
lifecycle: inbound
presets:
  inbound:
    stages:
      lead: {gets: [discovery]}
      prospect: {gets: [decision, adoption, expansion, advocacy, re-engagement]}
      customer: {gets: [adoption]}
      gone: {kind: side, mailable: false}
    transitions:
      - {from: lead, to: [prospect, gone]}
      - {from: prospect, to: [lead, customer, gone]}
    entries:
      - stage: prospect
        from: lead
        requires: [means]
        if: {score: engagement, at least: 5}
        task: {title: Call them, kind: call, due: 1 working day}
      - stage: gone
        from: lead
        if: {criterion: means, is: no}
criteria:
  means:
    type: number
    question: How much?
    answers:
      - {value: 100, state: yes, label: A hundred}
      - {value: 0, state: no, label: Nothing}
      - {key: later, state: unknown, label: Not settled}
programme:
  caps: [1 a day, 2 a week]
  quiet: {from: "21:00", to: "07:30"}
  zone: Europe/Copenhagen
  country: DK
  holidays of: [DK, DE, PT, US]
  topics: {guides: Guides, offers: Offers}
"""

SCORING = """\
fit:
  big: {if: {field: company.size, at least: 50}, points: 10}
  warm: {if: {tag: warm}, points: 5}
engagement:
  half life: 30 days
  rules:
    click: {on: clicked, points: 5, limit: 1 a day}
    answer: {on: answered, points: 3}
interests:
  half life: 45 days
  weights: {clicked: 2}
"""

NURTURE = """\
sequence: nurture
for: lead
topic: guides
enter: {on: stage_entered, never: {tag: competitor}}
again: never
priority: 50
window: {days: mon-fri, from: "08:30", to: "17:30", zone: contact}
goal: {stage: prospect}
exit: [replied, {tag: competitor}]
steps:
  - hello: {send: discovery/hello}
  - pause: {wait: 2 working days}
  - guide: {send: discovery/guide}
  - read: {wait_for: {clicked: guide}, up to: 4 working days, then: interested, else: nudge}
  - nudge: {send: discovery/nudge, when capped: drop, go: half}
  - interested: {branch: [{if: {topic: pricing, at least: 1, in: 14 days}, go: note}, {else: half}]}
  - note: {set: {tag: warm}}
  - who: {set: {field: persona, to: builder}}
  - half: {split: [{share: 50, go: until}, {share: 50, go: ask}]}
  - until: {wait: {until: tuesday, at: "09:00"}}
  - ask: {ask: means, with: discovery/ask, up to: 5 days, then: more, else: more}
  - more: {send: {best of: [discovery/guide, discovery/case, discovery/hello], by: interest}}
  - last: {send: {best of: [discovery/guide, discovery/hello], by: interest}}
  - call: {task: Ring them up, kind: call, due: 1 working day}
  - other: {enroll: digest}
  - cold: {branch: [{if: {tag: warm}, go: end}, {else: leave}]}
  - leave: {move: gone}
"""

DIGEST = """\
sequence: digest
for: lead
topic: guides
enter: {on: event, event: "custom:signed-up"}
again: always
priority: 20
window: {days: mon-sun, from: "10:00", to: "12:00", zone: Europe/Copenhagen}
when capped: {replace: discovery/short}
late: 1 day
steps:
  - first: {send: discovery/news-1}
  - week: {wait: 3 days}
  - second: {send: discovery/news-2, late: 4 days}
  - date: {wait: {date: renewal, before: 2 days, at: "09:00"}}
  - third: {send: discovery/news-3, when capped: defer, if not sent: exit, late: 12 hours}
  - tell: {web_hook: "https://crm.example.com/hook"}
"""

DECIDE = """\
sequence: decide
for: prospect
topic: offers
enter: {on: stage_entered, at most: 3 a day}
priority: 80
exit: [replied]
steps:
  - case: {send: decision/case}
  - wait: {wait: 2 days}
  - offer: {send: decision/offer, window: {days: mon-fri, from: "09:00", to: "11:00", zone: contact}}
  - score: {set: {score: engagement, add: 2}}
  - done: {goal: asked}
"""

ASK = mail(more="ask: means\n", body="{{ ask.question }}").replace(
    "</mj-text></mj-column>", "</mj-text><trellis-answers/></mj-column>"
)

FILES = {
    "sequences/lifecycle.yaml": LIFECYCLE,
    "sequences/scoring.yaml": SCORING,
    "sequences/discovery/nurture.yaml": NURTURE,
    "sequences/discovery/digest.yaml": DIGEST,
    "sequences/decision/decide.yaml": DECIDE,
    "email_templates/layouts/base.mjml": LAYOUT,
    "email_templates/partials/foot.mjml": FOOT,
    **{
        f"email_templates/discovery/{name}.mjml": mail()
        for name in ("hello", "guide", "nudge", "case", "short", "news-1", "news-2", "news-3")
    },
    "email_templates/discovery/ask.mjml": ASK,
    "email_templates/decision/case.mjml": mail("decision"),
    "email_templates/decision/offer.mjml": mail("decision"),
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    for name, text in {**FILES, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
