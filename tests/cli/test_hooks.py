"""`trellis hooks` as it is typed."""

from sqlalchemy import insert

from app.core.ids import timed_id
from app.services.calling import signing_key
from app.store import tables
from tests.cli.conftest import Line
from tests.support import line
from tests.support.line import NOW


def test_dead_ones_are_listed_and_called_again(command: Line) -> None:
    assert command.run("hooks", "dead").output == "None was given up.\n"
    [contact] = line.people(command.world, 1)
    ids = [timed_id(NOW, bytes([number]) * 10) for number in range(2)]
    rows = [
        {
            "id": row_id, "workspace_id": command.world.workspace_id, "contact_id": contact, "dedupe_key": str(row_id),
            "url": "https://crm.example/in", "payload": {}, "state": "dead", "due_at": NOW, "attempts": 1,
            "reason_code": "hook.refused", "reason_params": {"to": "crm.example", "status": 404}, "created_at": NOW,
            "ended_at": NOW,
        }
        for row_id in ids
    ]  # fmt: skip
    with command.world.database.write() as connection:
        connection.execute(insert(tables.web_calls), rows)
    result = command.run("hooks", "dead")
    assert result.exit_code == 1
    assert "Crm.example refused it for good (404)" in result.output or "crm.example refused" in result.output
    assert {each["id"] for each in command.told("hooks", "dead", code=1)} == {str(row_id) for row_id in ids}
    assert command.told("hooks", "replay", ids[0]) == {"replayed": 1}
    assert command.run("hooks", "replay").output == "1 are called again.\n"
    assert command.run("hooks", "replay").output == "None of them was given up.\n"
    assert command.run("hooks", "replay", "nonsense").exit_code == 2


def test_the_key_for_receivers_is_not_the_key_of_the_house(command: Line) -> None:
    key = command.run("hooks", "key").output.strip()
    secret = command.world.settings.keys()[0]
    assert key == signing_key(secret)
    assert len(bytes.fromhex(key)) == 32
    assert key != secret.hex()
