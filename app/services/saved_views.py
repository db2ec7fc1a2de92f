"""Views of the list of contacts: a search with its columns and order under a title, for oneself or for the team.

Only who saved a view changes it; an admin may take a shared one away when nobody wants it any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core.reasons import Reason
from app.services.accounts import User
from app.services.ids import new_id
from app.services.viewing import Place
from app.services.viewing.people import Asked
from app.store import accounts
from app.store import saved_views as store

LONGEST_TITLE = 80
MOST_OWN, MOST_SHARED = 50, 50


class ViewFault(Exception):
    """It cannot be done; nothing was written."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class View:
    """`title` is empty and `asked` None after an erasure: the one or the other named the person."""

    id: UUID
    title: str
    asked: Asked | None
    is_shared: bool
    mine: bool
    by_name: str
    revision: int

    def differs(self, asked: Asked) -> bool:
        """Whether the list shows anything else than the view would."""
        return self.asked is not None and self.asked != kept(asked)


def kept(asked: Asked) -> Asked:
    """What is kept of a question: not the place in the list, nor half a question about consent."""
    whole = replace(asked, older_than=None, newer_than=None)
    return whole if whole.topic and whole.consent else replace(whole, topic="", consent="")


def list_views(place: Place, who: UUID) -> tuple[View, ...]:
    """One's own and those of the team."""
    with place.database.read() as connection:
        rows = store.seen_by(connection, place.workspace_id, who, MOST_OWN + MOST_SHARED)
    return tuple(_view(row, who) for row in rows)


def find(place: Place, view_id: UUID, who: UUID) -> View | None:
    with place.database.read() as connection:
        row = store.find(connection, place.workspace_id, who, view_id)
    return _view(row, who) if row is not None else None


def save(place: Place, title: str, asked: Asked, now: datetime, by: UUID) -> UUID:
    """Keep a search under a title, for oneself at first. The same once more is the same view. Raises ViewFault."""
    title, query = _titled(title), kept(asked).as_json()
    with place.database.write() as connection:
        accounts.lock_workspace(connection, place.workspace_id)
        own = store.own(connection, place.workspace_id, by)
        same = next((one for one in own if one["title"] == title and one["query"] == query), None)
        if same is not None:
            return UUID(str(same["id"]))
        _free(own, title)
        if len(own) >= MOST_OWN:
            raise ViewFault(Reason("view.many", {"most": MOST_OWN}))
        view_id = new_id(now)
        row = {
            "id": view_id, "workspace_id": place.workspace_id, "user_id": by, "title": title, "query": query,
            "is_shared": False, "created_at": now, "revision": 1,
        }  # fmt: skip
        store.add(connection, row)
        _audit(connection, place, view_id, "view.saved", now, by)
    return view_id


def rename(place: Place, view_id: UUID, revision: int, title: str, now: datetime, by: UUID) -> None:
    """Raises ViewFault."""
    title = _titled(title)
    with place.database.write() as connection:
        accounts.lock_workspace(connection, place.workspace_id)
        view = _mine(connection, place, view_id, by)
        if view.title == title:
            return
        _free([one for one in store.own(connection, place.workspace_id, by) if one["id"] != view_id], title)
        _change(connection, place, view, revision, "view.renamed", now, by, title=title)


def overwrite(place: Place, view_id: UUID, revision: int, asked: Asked, now: datetime, by: UUID) -> None:
    """Keep another search under the title. Raises ViewFault."""
    with place.database.write() as connection:
        view = _mine(connection, place, view_id, by)
        if view.asked == kept(asked):
            return
        query = kept(asked).as_json()
        _change(connection, place, view, revision, "view.changed", now, by, query=query)


def share(place: Place, view_id: UUID, revision: int, shared: bool, now: datetime, by: UUID) -> None:
    """Show it to the team, or to oneself alone again. Raises ViewFault."""
    with place.database.write() as connection:
        accounts.lock_workspace(connection, place.workspace_id)
        view = _mine(connection, place, view_id, by)
        if view.is_shared == shared:
            return
        if shared and store.count_shared(connection, place.workspace_id) >= MOST_SHARED:
            raise ViewFault(Reason("view.many_shared", {"most": MOST_SHARED}))
        action = "view.shared" if shared else "view.unshared"
        _change(connection, place, view, revision, action, now, by, is_shared=shared)


def delete(place: Place, view_id: UUID, revision: int, now: datetime, by: User) -> None:
    """Nothing happens to contacts. Raises ViewFault."""
    with place.database.write() as connection:
        row = store.find(connection, place.workspace_id, by.id, view_id)
        if row is None:
            raise ViewFault(Reason("view.gone"))
        if row["user_id"] != by.id and not by.at_least("admin"):
            raise ViewFault(Reason("view.not_yours"))
        if not store.remove(connection, view_id, revision):
            raise ViewFault(Reason("view.stale"))
        _audit(connection, place, view_id, "view.deleted", now, by.id)


def _titled(title: str) -> str:
    title = " ".join(title.replace("\0", "").split())
    if not title:
        raise ViewFault(Reason("view.untitled"))
    if len(title) > LONGEST_TITLE:
        raise ViewFault(Reason("view.title_long", {"longest": LONGEST_TITLE}))
    return title


def _free(others: Iterable[RowMapping], title: str) -> None:
    """Two tabs of one name would be told apart by nobody."""
    if any(one["title"].casefold() == title.casefold() for one in others):
        raise ViewFault(Reason("view.title_taken", {"title": title}))


def _mine(connection: Connection, place: Place, view_id: UUID, by: UUID) -> View:
    row = store.find(connection, place.workspace_id, by, view_id)
    if row is None:
        raise ViewFault(Reason("view.gone"))
    if row["user_id"] != by:
        raise ViewFault(Reason("view.not_yours"))
    return _view(row, by)


def _change(
    connection: Connection, place: Place, view: View, revision: int, action: str, now: datetime, by: UUID,
    **values: Any,
) -> None:  # fmt: skip
    if not store.change(connection, view.id, revision, **values):
        raise ViewFault(Reason("view.stale"))
    _audit(connection, place, view.id, action, now, by)


def _view(row: RowMapping, who: UUID) -> View:
    asked = Asked.from_json(row["query"]) if row["query"] else None
    return View(
        row["id"], row["title"], asked, row["is_shared"], row["user_id"] == who, row["by_name"], row["revision"]
    )  # fmt: skip


def _audit(connection: Connection, place: Place, view_id: UUID, action: str, now: datetime, by: UUID) -> None:
    """Titles and searches may name people, so the log, which outlives an erasure, tells neither."""
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": place.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "saved_view", "subject": str(view_id), "detail": {"through": "page"},
        },
    )  # fmt: skip
