"""A file from beginning to end, its columns found by their titles: for whoever has nobody to ask."""

from datetime import datetime
from pathlib import Path

from app.services.importing.around import surroundings
from app.services.importing.options import ImportOptions, own_fields, resolve_mapping, suggest_mapping
from app.services.importing.reading import read_table
from app.services.importing.running import ImportSummary, run_import, start_import
from app.services.world import World
from app.store.contacts import field_types


def import_file(world: World, path: Path, options: ImportOptions, now: datetime) -> ImportSummary:
    """Import a CSV file. Raises ImportFault."""
    around = surroundings(world, now)
    table = read_table(path)
    with world.database.read() as connection:
        own = field_types(connection, world.workspace_id)
    mapping = resolve_mapping(table.header, suggest_mapping(table.header, own), {}, [], own_fields(own))
    import_id = start_import(
        world.database, world.workspace_id, path, mapping, options, around, now, table=table
    )
    return run_import(world.database, import_id, around, now)
