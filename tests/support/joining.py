"""A form and the mails that ask for a button, for tests."""

from pathlib import Path

from config import ROOT

FORM = """\
  forms:
    guides:
      title: {en: Guides by mail, it: Guide per mail}
      agree: {en: "Yes, send me guides by mail.", it: "Sì, inviatemi guide per mail."}
      topics: [guides]
      fields: [first_name, company.name]
      sites: [https://www.example.com]
      thanks: https://www.example.com/thanks
      valid: 7 days
    both:
      title: Guides and offers
      agree: Yes, send me what I ticked.
      topics: [guides, offers]
      sites: [https://www.example.com]
"""


def _shipped(name: str) -> str:
    """As it is shipped, with the layout of the tests' own small folder."""
    text = (Path(ROOT) / "email_templates" / "service" / f"{name}.mjml").read_text("utf-8")
    return text.replace("layout: plain", "layout: base")


SERVICE = {f"service/{name}": _shipped(name) for name in ("confirm", "export", "erase")}
