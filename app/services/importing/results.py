"""The result file of an import: each row that was rejected or needs a word, with its reason, ready to be mended."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from app.core.reasons import Reason
from app.services.importing.reading import Table
from app.services.importing.sentences import sentence

TITLES = ("row", "result", "reason", "explanation")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Noted:
    """What is said of one row: `result` is rejected or noted. Further reasons stand in the params under `also`."""

    row: int
    result: str
    reason: Reason


def noted(row: int, result: str, reasons: Sequence[Reason]) -> Noted:
    first, *more = reasons
    params: dict[str, Any] = dict(first.params)
    if more:
        params["also"] = [{"code": reason.code, "params": dict(reason.params)} for reason in more]
    return Noted(row, result, Reason(first.code, params))


def explained(code: str, params: Mapping[str, Any]) -> str:
    """All that is said of a row, in English."""
    said = [
        sentence(code, params),
        *(sentence(more["code"], more["params"]) for more in params.get("also", ())),
    ]
    return " ".join(said)


def result_path(data_dir: Path, import_id: UUID) -> Path:
    return data_dir / "imports" / f"{import_id}-results.csv"


def write_results(table: Table, remarks: Iterator[RowMapping], path: Path) -> None:
    """Write rows of `import_rows` beside the cells they speak of. The file is there in whole or not at all."""
    unfinished = path.with_suffix(".part")
    with open(unfinished, "w", encoding="utf-8-sig", newline="", opener=owners_only) as stream:
        out = csv.writer(stream, delimiter=table.delimiter)
        out.writerow([*TITLES, *map(safe, table.header)])
        remark = next(remarks, None)
        for record in table.rows():
            if remark is None:
                break
            if record.number == remark["row_number"]:
                code, params = remark["reason_code"], remark["reason_params"]
                told = (record.number, remark["result"], code, safe(explained(code, params)))
                out.writerow([*told, *map(safe, record.cells)])
                remark = next(remarks, None)
    unfinished.replace(path)


def owners_only(path: str, flags: int) -> int:
    """For `open`: a file that nobody else on the machine may read."""
    return os.open(path, flags, 0o600)


def safe(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
