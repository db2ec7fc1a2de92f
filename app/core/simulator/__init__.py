"""The same rules run forward on a virtual clock: who would get which mail when, and what would become of them.

Engine, gate, reactions and the one door between stages are the live ones; only what carries them out
is another: it keeps everything in memory and writes lines instead of rows.
"""

from app.core.simulator.model import (
    Asked,
    Inside,
    Line,
    Mail,
    Offer,
    Person,
    Response,
    Responses,
    Told,
    nobody,
)
from app.core.simulator.play import Play
from app.core.simulator.running import simulate
from app.core.simulator.silence import Silence

__all__ = [
    "Asked", "Inside", "Line", "Mail", "Offer", "Person", "Play", "Response", "Responses", "Silence", "Told",
    "nobody", "simulate",
]  # fmt: skip
