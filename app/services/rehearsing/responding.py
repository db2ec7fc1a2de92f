"""How people may answer their mail in a rehearsal: by chance that hangs on who they are, so a rerun is the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.core.ids import share
from app.core.lifecycle import Lifecycle
from app.core.setting import Setting
from app.core.simulator import Line, Response

CLICKED, REPLIED, ANSWERED, UNSUBSCRIBED = 0.12, 0.01, 0.2, 0.004


@dataclass(frozen=True, slots=True)
class Typical:
    """Rates as they are usual in business mail: one in eight clicks, one in five answers a question."""

    setting: Setting
    lifecycle: Lifecycle
    seed: int = 0

    def __call__(self, contact_id: UUID, line: Line) -> Sequence[Response]:
        return tuple(self._responses(str(contact_id), line))

    def _responses(self, who: str, line: Line) -> Iterator[Response]:
        template = line.template or ""
        info = self.setting.templates.get(template)
        topics = info.topics if info is not None else ()
        when = timedelta(minutes=10 + int(self._drawn("when", who, template) * 2 * 24 * 60))
        if self._drawn("click", who, template) < CLICKED:
            yield Response(when, "clicked", template, topics)
        criterion = self.lifecycle.criteria.get(info.ask) if info is not None and info.ask else None
        if criterion is not None and criterion.answers and self._drawn("answer", who, template) < ANSWERED:
            number = int(self._drawn("which", who, template) * len(criterion.answers))
            payload = {"answer": criterion.answers[number].key}
            yield Response(when, "answered", criterion.key, payload=payload)
        if self._drawn("reply", who, template) < REPLIED:
            yield Response(when * 2, "replied", template)
        if line.sequence is not None and self._drawn("unsubscribe", who, template) < UNSUBSCRIBED:
            yield Response(when, "unsubscribed", template)

    def _drawn(self, what: str, who: str, template: str) -> float:
        return share("respond", str(self.seed), what, who, template)
