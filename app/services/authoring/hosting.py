"""The files of pieces: into the database before their version is published, and out again when it is exported."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from app.files.beside import NotTaken, read_file, type_of
from app.files.findings import FileFinding
from app.services.authoring.sources import Source
from app.store import content
from app.store.database import Database


def keep_files(database: Database, workspace_id: UUID, source: Source, now: datetime) -> list[FileFinding]:
    """Keep the files of a piece, one transaction a file; what kept one from it. Doing it again changes nothing."""
    digests = {file.digest for file in source.beside.values()}
    with database.read() as connection:
        there = content.known(connection, workspace_id, digests)
    findings = []
    for file in source.beside.values():
        if file.digest in there:
            continue
        try:
            raw = read_file(file.path.parent, file.name) if file.path is not None else None
        except NotTaken as fault:
            findings.append(FileFinding(source.path, 1, "error", fault.message, fault.remedy))
            continue
        if raw is None or sha256(raw).hexdigest() != file.digest:
            message = (
                f"{file.name} was changed at this moment." if raw else f"{file.name} is not kept any more."
            )
            findings.append(
                FileFinding(source.path, 1, "error", message, "Apply again, with the file beside it.")
            )
            continue
        with database.write() as connection:
            content.add(connection, workspace_id, file.digest, type_of(file.name), raw, now)
        there.add(file.digest)
    return findings
