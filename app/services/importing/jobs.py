"""What the engine does for imports of the browser: looks files over, takes them in, weighs and does an undoing.

Each begins where it was left, so a restart, a kill or a second engine does nothing twice; between two chunks it
looks whether somebody stopped it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from app.core.contacts import flag_of
from app.core.reasons import Reason
from app.services.addresses import AddressFault, read_addresses
from app.services.importing import undoing
from app.services.importing.around import surroundings
from app.services.importing.drafts import Shown, find, new_fields
from app.services.importing.faults import ImportFault
from app.services.importing.keeping import remove
from app.services.importing.options import Surroundings
from app.services.importing.reading import read_table
from app.services.importing.running import ImportSummary, rehearse_import, run_import
from app.services.suppressing import suppress
from app.services.world import World
from app.store import imports

Stop = Callable[[], bool]
SHOWN = 200
LEAVERS = 200


def work(world: World, clock: Callable[[], datetime], should_stop: Stop = lambda: False) -> int:
    """Everything that was asked for, oldest first; how many imports were dealt with."""
    with world.database.read() as connection:
        rows = imports.work_in_hand(connection, world.workspace_id)
    for row in rows:
        shown = find(world, row["id"])
        if should_stop():
            break
        if shown is None or not shown.is_working:
            continue
        if shown.state == "checking":
            _check(world, shown, clock(), should_stop)
        elif shown.state in imports.OPEN:
            _take_in(world, shown, clock(), should_stop)
        else:
            undoing.work(world, shown, clock, should_stop)
    return len(rows)


def _check(world: World, shown: Shown, now: datetime, should_stop: Stop) -> None:
    around = surroundings(world, now)
    called_off = False

    def say_how_far(position: int, total: int, _counts: Mapping[str, int]) -> None:
        nonlocal called_off
        with world.database.write() as connection:
            called_off = not imports.change(
                connection, world.workspace_id, shown.id, ("checking",),
                reached=position, total=total,
            )  # fmt: skip

    try:
        table = read_table(shown.path, shown.format["encoding"], shown.format["delimiter"])
        summary = rehearse_import(
            world.database, world.workspace_id, shown.path, shown.mapping, shown.options, around, now,
            list(new_fields(shown).values()), say_how_far, table, lambda: called_off or should_stop(),
        )  # fmt: skip
        leaving = 0 if called_off or should_stop() else len(_leavers(shown))
    except ImportFault as fault:
        _back_to_draft(world, shown, fault.reason)
        return
    if called_off or should_stop():
        return
    _seen(world, shown, summary, leaving)


def _seen(world: World, shown: Shown, summary: ImportSummary, leaving: int) -> None:
    seen = {
        "counts": summary.counts,
        "reasons": [[result, code, count] for (result, code), count in summary.reasons.most_common()],
        "first": [[row, fate] for row, fate in summary.first],
        "stages": dict(summary.stages),
        "leaving": leaving,
    }
    with world.database.write() as connection:
        if imports.change(
            connection, world.workspace_id, shown.id, ("checking",), state="checked", seen=seen
        ):
            imports.forget_rows(connection, shown.id)
            imports.note_rows(
                connection,
                [
                    (shown.id, one.row, one.result, one.reason.code, dict(one.reason.params))
                    for one in summary.remarks[:SHOWN]
                ],
            )


def _take_in(world: World, shown: Shown, now: datetime, should_stop: Stop) -> None:
    around = surroundings(world, now)
    try:
        if shown.position == 0:
            _suppress_leavers(world, shown, around, now)
    except ImportFault:
        pass  # the run meets the same fault, and writes it down
    known = shown.total

    def say_how_far(_position: int, total: int, _counts: Mapping[str, int]) -> None:
        nonlocal known
        if known != total:
            known = total
            with world.database.write() as connection:
                imports.save(connection, shown.id, total=total)

    summary = run_import(world.database, shown.id, around, now, say_how_far, should_stop)
    if summary.state in ("done", "failed"):
        remove(world.settings, shown.id, results=False)


def _leavers(shown: Shown) -> dict[str, str]:
    """The addresses whose row says that they want no more mail: by key, as written."""
    place = shown.draft.get("left_column")
    if place is None:
        return {}
    emails = [at for at, target in enumerate(shown.mapping) if target == "email"]
    table = read_table(shown.path, shown.format["encoding"], shown.format["delimiter"])
    found: dict[str, str] = {}
    for record in table.rows():
        cells = record.cells
        if place >= len(cells) or not flag_of(cells[place]):
            continue
        for at in emails:
            try:
                addresses = read_addresses(cells[at]) if at < len(cells) and cells[at].strip() else ()
            except AddressFault:
                continue
            found.update((address.key, address.shown) for address in addresses)
    return found


def _suppress_leavers(world: World, shown: Shown, around: Surroundings, now: datetime) -> None:
    """Before anybody comes in: who left is told so. Doing it again changes nothing."""
    every = list(_leavers(shown).items())
    reason = Reason("suppressed.imported", {"why": shown.file_name})
    for start in range(0, len(every), LEAVERS):
        with world.database.write() as connection:
            for key, address in every[start : start + LEAVERS]:
                suppress(
                    connection, world, scope="marketing", value=key, reason=reason, source="import", now=now,
                    shown=address,
                )  # fmt: skip


def _back_to_draft(world: World, shown: Shown, reason: Reason) -> None:
    problem = {"code": reason.code, "params": dict(reason.params)}
    with world.database.write() as connection:
        imports.change(
            connection, world.workspace_id, shown.id, ("checking",), state="draft", problem=problem
        )
