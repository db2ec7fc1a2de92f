"""Definitions as files and as versions in the database: lint, plan, apply, export, pause, resume."""

from app.services.authoring.applying import Applied, Published, Refused, apply, load_starters
from app.services.authoring.exporting import export
from app.services.authoring.gaps import gaps
from app.services.authoring.linting import Checked, check, custom_fields, lint
from app.services.authoring.looking import Looked, heads, look_at_files, look_at_folder, look_at_live
from app.services.authoring.pausing import WAYS, NoSuchSequence, Overdue, Resumed, overdue, pause, resume
from app.services.authoring.planning import Item, Plan, plan
from app.services.authoring.sources import Sources, load_folder
from app.services.authoring.spam import NoSpamAssassin, Scored, score_mails

__all__ = [
    "WAYS",
    "Applied",
    "Checked",
    "Item",
    "Looked",
    "NoSpamAssassin",
    "NoSuchSequence",
    "Overdue",
    "Plan",
    "Published",
    "Refused",
    "Resumed",
    "Scored",
    "Sources",
    "apply",
    "check",
    "custom_fields",
    "export",
    "gaps",
    "heads",
    "lint",
    "load_folder",
    "load_starters",
    "look_at_files",
    "look_at_folder",
    "look_at_live",
    "overdue",
    "pause",
    "plan",
    "resume",
    "score_mails",
]
