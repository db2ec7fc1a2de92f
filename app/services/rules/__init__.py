"""The rules for everybody, changed in the browser: programme, lifecycle, scoring; what a change would do, and its versions."""

from app.services.rules.texts import KINDS, Looked, RulesFault, Text, look, open_text, publish, quick, version

__all__ = ["KINDS", "Looked", "RulesFault", "Text", "look", "open_text", "publish", "quick", "version"]
