"""Broadcasts by the API: drafted, counted, scheduled, held and called off, each only by whoever may."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update

from app.services.api import tokens
from app.services.broadcasts import queueing
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.rules import change, rows
from tests.support.seed import PASSWORD_HASH
from tests.web.api.conftest import Program, program_of, told

WISH = {"title": "Spring =1+1", "template": "discovery/hello", "segment": "warm", "topic": "guides"}
WARM = "segment: warm\nif: {tag: warm}\n"


def laid(database: Database, folder: Path) -> Program:
    """Three people, all of them in the segment; the last took their consent back."""
    segments = folder / "content/sequences/segments"
    segments.mkdir(parents=True)
    (segments / "warm.yaml").write_text(WARM)
    world = line.lay(database, folder, secret_key="k" * 32)
    who = line.people(world, 3)
    tag = {"tag": "warm", "workspace_id": world.workspace_id, "added_at": line.NOW}
    with database.write() as connection:
        connection.execute(insert(tables.contact_tags), [{"contact_id": one, **tag} for one in who])
    change(world, tables.consents, {"contact_id": who[2]}, state="withdrawn")
    return program_of(world, people=who)


@pytest.fixture
def program(database: Database, tmp_path: Path) -> Program:
    return laid(database, tmp_path)


@pytest.fixture
def quick(sqlite_database: Database, tmp_path: Path) -> Program:
    return laid(sqlite_database, tmp_path)


def work_off(program: Program) -> None:
    while queueing.work(program.world, program.clock.at):
        pass


def drafted(program: Program, **wish: Any) -> str:
    return f"/broadcasts/{program.post('/broadcasts', {**WISH, **wish})['id']}"


def act(program: Program, path: str, doing: str = "", status: int = 200, token: str | None = None, **body: Any) -> Any:  # fmt: skip
    """As it stands now."""
    seen = {"revision": program.get(path)["revision"], **body}
    return program.post(f"{path}/{doing}" if doing else path, seen, status, token=token)


def counted(program: Program, **wish: Any) -> str:
    path = drafted(program, **wish)
    act(program, path, "check")
    work_off(program)
    return path


def test_from_the_draft_to_what_came_of_it(program: Program) -> None:
    made = program.post("/broadcasts", {**WISH, "pace": 12})
    path = f"/broadcasts/{made['id']}"
    assert (made["state"], made["revision"], made["when"], made["pace"]) == ("draft", 0, "now", 12)
    assert [one["code"] for one in program.get(f"{path}/check")["problems"]] == ["broadcast.unchecked"]
    asked = act(program, path, "check")
    assert (asked["state"], asked["done"], asked["people"]["total"]) == ("freezing", False, 0)
    assert [one["code"] for one in asked["problems"]] == ["broadcast.checking"]
    work_off(program)
    found = program.get(f"{path}/check")
    assert (found["done"], found["problems"], found["later"]) == (True, [], [])
    assert found["people"] == {"total": 3, "waiting": 2, "queued": 0, "held": 1}
    [out] = found["excluded"]
    assert (out["people"], out["reason_code"]) == (1, "gate.consent_withdrawn")
    assert out["reason"].endswith(".")
    sent = act(program, path, "schedule", why="it is spring")
    assert (sent["state"], sent["why"], sent["scheduled_at"]) == (
        "sending",
        "it is spring",
        "2026-11-24T10:00:00Z",
    )
    work_off(program)
    assert program.get(path)["mails"] == [
        {"people": 1, "reason_code": "mail.broadcast", "reason": "The broadcast “Spring =1+1” goes to them.", "state": "queued"}
    ]  # fmt: skip
    assert program.get("/broadcasts?state=sending")["items"][0]["people"]["queued"] == 1
    assert act(program, path, "pause")["state"] == "paused"
    assert act(program, path, "resume")["state"] == "sending"
    assert act(program, path, "cancel")["state"] == "cancelled"
    work_off(program)
    over = program.get(path)
    assert [(one["state"], one["reason_code"]) for one in over["mails"]] == [
        ("cancelled", "gate.broadcast_cancelled")
    ]
    assert (over["ended_at"], over["answers"]) == ("2026-11-24T10:00:00Z", [])
    acts = [row for row in rows(program.world, tables.audit_entries) if row.action.startswith("broadcast.")]
    assert sorted(row.action.partition(".")[2] for row in acts) == [
        "cancelled", "confirmed", "drafted", "frozen", "paused", "resumed",
    ]  # fmt: skip
    assert {row.detail["by"][:4] for row in acts} == {"api:"}


def test_a_draft_is_changed_in_part_and_an_older_page_changes_nothing(program: Program) -> None:
    path = counted(program, when="at", at="2026-11-26T09:00", zone="Europe/Lisbon", pace=60)
    told = act(program, path, title="Summer", pace=None)
    assert (told["title"], told["at"], told["zone"], told["pace"]) == (
        "Summer", "2026-11-26T09:00", "Europe/Lisbon", None,
    )  # fmt: skip
    # Whom it was counted for is forgotten.
    assert (told["state"], told["checked_at"], told["people"]["total"]) == ("draft", None, 0)
    seen = told["revision"]
    first = {"revision": seen, "title": "Autumn"}
    assert program.post(path, first)["revision"] == program.post(path, first)["revision"] == seen + 1
    assert program.post(path, {"revision": seen, "title": "Winter"}, 409)["code"] == "broadcast.stale"
    for doing, more in (("check", {}), ("cancel", {}), ("schedule", {"why": "x"})):
        refused = program.post(f"{path}/{doing}", {"revision": seen, **more}, 409)
        assert refused["code"] == "broadcast.stale"
    assert program.get(path)["title"] == "Autumn"
    told = act(program, path, when="now")
    assert (told["when"], told["at"], told["zone"]) == ("now", None, None)
    act(program, path, "pause", 409)
    act(program, path, "cancel")
    act(program, path, "", 409, title="Late")


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"segment": "cold"}, "broadcast.no_segment", "/segment"),
    ({"template": "no/such"}, "broadcast.no_template", "/template"),
    ({"topic": "{{ 7*7 }}"}, "broadcast.no_topic", "/topic"),
    ({"title": "  "}, "broadcast.no_title", "/title"),
    ({"when": "at"}, "broadcast.no_time", "/at"),
    ({"when": "at", "at": "2026-13-40T09:00"}, "broadcast.no_time", "/at"),
    ({"when": "local", "at": "2020-01-01T09:00"}, "broadcast.past", "/at"),
    ({"when": "at", "at": "9999-01-01T09:00"}, "broadcast.far", "/at"),
    ({"when": "at", "at": "2026-11-26T09:00", "zone": "Mars/North"}, "broadcast.no_zone", "/zone"),
    ({"at": "2026-11-26T09:00"}, "broadcast.no_wall", "/at"),
    ({"zone": "Europe/Lisbon"}, "broadcast.no_wall", "/zone"),
    ({"when": "soon"}, "invalid", "/when"),
    ({"at": "tomorrow"}, "invalid", "/at"),
    ({"pace": "12"}, "invalid", "/pace"),
    ({"pace": 10**30}, "invalid", "/pace"),
    ({"title": "x" * 201}, "invalid", "/title"),
    ({"people": "all"}, "invalid", "/people"),
)  # fmt: skip


def test_what_cannot_be_names_its_place(quick: Program) -> None:
    path = drafted(quick)
    for wish, code, pointer in WRONG:
        for place, body in (("/broadcasts", WISH), (path, {"revision": 0})):
            found = quick.post(place, {**body, **wish}, 422)
            assert (found["code"], [one["pointer"] for one in found["errors"]]) == (code, [pointer]), wish
    assert len(quick.get("/broadcasts")["items"]) == 1
    assert quick.get(path)["revision"] == 0


def test_nothing_goes_out_uncounted_to_nobody_or_without_a_reason(quick: Program) -> None:
    path = drafted(quick)
    assert act(quick, path, "schedule", 409, why="x")["code"] == "broadcast.stale"
    act(quick, path, "check")
    work_off(quick)
    assert act(quick, path, "schedule", 422)["errors"][0]["pointer"] == "/why"
    assert act(quick, path, "schedule", 422, why=" ")["errors"][0]["pointer"] == "/why"
    quick.clock.at = quick.clock.at.replace(day=26)
    assert [one["code"] for one in quick.get(f"{path}/check")["problems"]] == ["broadcast.old"]
    assert act(quick, path, "schedule", 409, why="x")["code"] == "broadcast.old"
    with quick.world.database.write() as connection:
        connection.execute(update(tables.consents).values(state="withdrawn"))
    act(quick, path, "check")
    work_off(quick)
    assert [one["code"] for one in quick.get(f"{path}/check")["problems"]] == ["broadcast.nobody"]
    assert act(quick, path, "schedule", 409, why="x")["code"] == "broadcast.nobody"
    assert rows(quick.world, tables.deliveries) == []


def test_reading_writing_and_sending_are_three_scopes(quick: Program) -> None:
    path = counted(quick)
    reads, writes = quick.limited(["broadcasts:read"]), quick.limited(["broadcasts:write"])
    quick.get(path, token=reads)
    quick.get(path, 403, token=writes)
    quick.post("/broadcasts", WISH, 403, token=reads)
    for doing in ("schedule", "pause", "resume", "cancel"):
        refused = act(quick, path, doing, 403, writes, why="x")
        assert "broadcasts:send" in refused["detail"]
    assert quick.get(path)["state"] == "ready"


@pytest.mark.parametrize("lost", [{"may_send": False, "role": "marketer"}, {"disabled_at": line.NOW}])
def test_a_token_sends_while_who_made_it_may(quick: Program, lost: dict[str, Any]) -> None:
    path, world = counted(quick), quick.world
    row = {
        "id": uuid4(), "workspace_id": world.workspace_id, "email": "ada@halden.example", "name": "Ada", "title": "",
        "signature": "", "password_hash": PASSWORD_HASH, "role": "marketer", "may_publish": False, "may_send": True,
        "must_change_password": False, "failed_sign_ins": 0, "created_at": line.NOW,
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(tables.users), [row])
    scopes = ["broadcasts:write", "broadcasts:send"]
    token = tokens.make(world.database, world.workspace_id, "shop", scopes, None, row["id"], line.NOW)[1]
    with world.database.write() as connection:
        connection.execute(update(tables.users).values(**lost))
    wish = {"why": "it is spring"}
    assert act(quick, path, "schedule", 403, token, **wish)["code"] == "token.may_not_send"
    quick.post("/broadcasts", WISH, token=token)
    with world.database.write() as connection:
        connection.execute(update(tables.users).values(disabled_at=None, may_send=True))
    assert act(quick, path, "schedule", token=token, **wish)["state"] == "sending"
    with world.database.write() as connection:
        connection.execute(update(tables.users).values(**lost))
    for doing in ("pause", "cancel"):
        assert act(quick, path, doing, 403, token)["code"] == "token.may_not_send"


def test_the_same_key_twice_is_once(program: Program) -> None:
    key = {"Idempotency-Key": "k1"}
    answers = [program.call("POST", "/broadcasts", json=WISH, headers=key) for _ in range(2)]
    first, second = (told(answer, 200) for answer in answers)
    assert first == second
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(rows(program.world, tables.broadcasts)) == 1
    program.post("/broadcasts", {**WISH, "title": "Other"}, 422, headers=key)
    path = f"/broadcasts/{first['id']}"
    act(program, path, "check")
    work_off(program)
    wish = {"revision": program.get(path)["revision"], "why": "x"}
    for _ in range(2):
        program.post(f"{path}/schedule", wish, headers={"Idempotency-Key": "k2"})
    # Without a key, what was seen is the key.
    program.post(f"{path}/schedule", wish)
    work_off(program)
    assert len(rows(program.world, tables.deliveries)) == 2
    assert [row.action for row in rows(program.world, tables.audit_entries)].count("broadcast.confirmed") == 1


def test_pages_come_newest_first_without_a_gap(quick: Program) -> None:
    made = []
    for number in range(5):
        quick.clock.at = line.NOW.replace(minute=number)
        made.append(quick.post("/broadcasts", {**WISH, "title": f"{number}"})["id"])
    seen, after = [], ""
    while after is not None:
        page = quick.get(f"/broadcasts?limit=2{after and f'&after={after}'}")
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
    assert seen == made[::-1]
    assert quick.get("/broadcasts?state=paused")["items"] == []
    quick.get("/broadcasts?state=lost", 422)


def test_one_of_another_workspace_is_none(program: Program) -> None:
    path, other = counted(program), uuid4()
    with program.world.database.write() as connection:
        row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": line.NOW}
        connection.execute(insert(tables.workspaces), [row])
        connection.execute(update(tables.broadcasts).values(workspace_id=other))
    assert program.get("/broadcasts")["items"] == []
    for place in (path, f"/broadcasts/{uuid4()}"):
        assert program.get(place, 404) == program.get(f"{place}/check", 404)
        for doing in ("", "/check", "/schedule", "/pause", "/resume", "/cancel"):
            body = {"revision": 1, **({"why": "x"} if doing == "/schedule" else {})}
            assert program.post(f"{place}{doing}", body, 404)["code"] == "not_found"
    [row] = rows(program.world, tables.broadcasts)
    assert (row.id, row.state) == (UUID(path.rpartition("/")[2]), "ready")
