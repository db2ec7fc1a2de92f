"""`trellis contacts merge`: two made one in the shell, and two again by whatever names the other."""

from sqlalchemy import select

from app.store import tables
from tests.cli.conftest import Line
from tests.support import line


def test_two_are_made_one_and_two_again(command: Line) -> None:
    kept, other = line.people(command.world, 2)
    words = ("contacts", "merge", line.address(0))
    told = command.told(*words, line.address(1))
    assert (told["kept"], told["other"]) == (str(kept), str(other))
    undone = command.told(*words, line.address(1), "--undo")
    assert undone == {"kept": str(kept), "other": str(other), "stayed": [], "left": []}
    assert command.run(*words, other).output == "They are one. `--undo` makes them two again.\n"
    assert command.run(*words, other, "--undo").output == "They are two again.\n"
    with command.world.database.read() as connection:
        assert set(connection.execute(select(tables.contacts.c.merged_into)).scalars()) == {None}
    for more, begins in (
        ((line.address(0),), "This is the contact itself"),
        ((other, "--undo"), "One of the two"),
    ):
        refused = command.run(*words, *more)
        assert (refused.exit_code, refused.stderr[: len(begins)]) == (1, begins)
