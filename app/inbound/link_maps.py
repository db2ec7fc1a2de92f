"""Where the links of a mail lead, on the web server's own disk: a redirect needs no database."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Target:
    """A tracked link: where it leads, as written (`{{ brand.… }}` still open), and the topics it speaks of."""

    number: int
    url_template: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkMap:
    """All links of one compiled variant of a template; `locale` is the language it is written in ("": not known)."""

    template: str
    targets: tuple[Target, ...]
    locale: str = ""

    def target(self, number: int) -> Target | None:
        return next((target for target in self.targets if target.number == number), None)


class LinkMaps:
    """Link maps by variant: kept in memory, then on disk in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._known: dict[UUID, LinkMap] = {}
        self._lock = threading.Lock()

    def get(self, variant_id: UUID) -> LinkMap | None:
        """The map, or None where there is none on this disk or it cannot be read."""
        found = self._known.get(variant_id)
        if found is None:
            try:
                data = json.loads(self._path(variant_id).read_bytes())
                targets = tuple(
                    Target(row["number"], row["url"], tuple(row["topics"])) for row in data["targets"]
                )
                found = LinkMap(data["template"], targets, str(data.get("locale", "")))
            except (OSError, ValueError, LookupError, TypeError):
                return None
            self._known[variant_id] = found
        return found

    def put(self, variant_id: UUID, template: str, targets: Sequence[Target], locale: str = "") -> LinkMap:
        """Keep a map for good, over a power cut too: a mail's links must work as long as the mail exists."""
        known = self.get(variant_id)
        if known is not None:
            return known
        rows = [
            {"number": one.number, "url": one.url_template, "topics": list(one.topics)} for one in targets
        ]
        path = self._path(variant_id)
        half = path.with_suffix(f".{os.urandom(6).hex()}")
        with self._lock:
            with half.open("w") as file:
                json.dump({"template": template, "locale": locale, "targets": rows}, file)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        found = LinkMap(template, tuple(targets), locale)
        self._known[variant_id] = found
        return found

    def _path(self, variant_id: UUID) -> Path:
        return self._folder / f"{variant_id.hex}.json"
