"""What a new text begins with: small, whole, and with comments that say what may stand there."""

import json

from app.files.variants import join_variants

SEQUENCE = """\
# What this is for, in a line for those who read it later.
sequence: {key}
title: {title}
for: {stage}                 # the stage of the people it is for
topic: {topic}               # what they agreed to hear about
enter: {{on: stage_entered}}
again: never                 # never, always, or after 180 days
exit: [replied, unsubscribed]
steps:
  - hello: {{send: {template}}}
  - pause: {{wait: 2 working days}}
  - read:  {{wait_for: {{clicked: hello}}, up to: 5 days, then: end, else: end}}
"""
MAIL = """\
---
kind: {kind}
class: marketing
topics: []
subject: {subject}
preheader: ""
---
<mj-section css-class="card">
  <mj-column>
    <mj-text>
      <p>Hello {{% if contact.first_name %}}{{{{ contact.first_name }}}}{{% else %}}there{{% endif %}},</p>
      <p>one thought, and one thing to do with it.</p>
    </mj-text>
    <mj-button href="{{{{ brand.home }}}}">Read on</mj-button>
  </mj-column>
</mj-section>
"""


def new_sequence(key: str, title: str, stage: str, topic: str, template: str) -> str:
    return SEQUENCE.format(key=key, title=_quoted(title), stage=stage, topic=topic, template=template)


def new_mail(kind: str, subject: str) -> str:
    return MAIL.format(kind=kind, subject=_quoted(subject))


def as_one(text: str) -> str:
    """The text of an original as the one text of a mail in all its languages."""
    return join_variants({"": text})


def _quoted(text: str) -> str:
    """JSON's strings are YAML's too."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
