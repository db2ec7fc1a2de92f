"""The demo's workspace beside the real one: its settings, its state, its beginning and its end."""

from app.services.demo.holding import DemoBusy, held, ready, running
from app.services.demo.keeping import Colleague, begin, comes_first, finish, remove, state, workspace_of
from app.services.demo.settings import FOLDER, JOBS, PATH, demo_settings

__all__ = [
    "FOLDER",
    "JOBS",
    "PATH",
    "Colleague",
    "DemoBusy",
    "begin",
    "comes_first",
    "demo_settings",
    "finish",
    "held",
    "ready",
    "remove",
    "running",
    "state",
    "workspace_of",
]
