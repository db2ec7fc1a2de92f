"""Hits survive: what was answered is on the disk, what is drained is removed, what is broken is put aside."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path
from uuid import UUID

import pytest

from app.inbound.spool import UNREADABLE, RawHit, Spool, read_hits

HIT = RawHit(
    id=str(UUID(int=7)), kind="click", method="GET", at="2026-11-24T10:00:00+00:00", delivery=str(UUID(int=1)),
    contact=str(UUID(int=2)), variant=str(UUID(int=3)), link=4, address="203.0.113.7", user_agent="Mozilla/5.0",
    headers={"accept-language": "de"},
)  # fmt: skip
CHILD = """
import os, sys
from pathlib import Path
from dataclasses import asdict, replace
from uuid import UUID
from app.inbound.spool import Spool
from tests.inbound.test_spool import HIT
spool = Spool(Path(sys.argv[1]))
while True:
    for number in range(50):
        spool.add(replace(HIT, id=str(UUID(int=number + 1))))
    print("written", flush=True)
    sys.stdin.readline()
"""


def drained(spool: Spool) -> list[RawHit | str]:
    return [hit for path in spool.finished() for hit in read_hits(path)]


def test_a_hit_comes_back_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(HIT)
    assert drained(spool) == [HIT]
    assert drained(spool) == []
    assert not list(tmp_path.glob("*.hits"))


def test_what_is_not_drained_to_its_end_is_drained_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(HIT)
    spool.turn()
    for path in spool.finished():
        assert list(read_hits(path)) == [HIT]
        break
    assert drained(spool) == [HIT]


def test_hits_of_a_living_process_are_drained_and_of_a_killed_one_none_is_lost(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "written\n"
    here, numbers = Spool(tmp_path), [str(UUID(int=n + 1)) for n in range(50)]
    # A web server lives for months, and its hits are wanted now.
    assert [hit.id for hit in drained(here) if isinstance(hit, RawHit)] == numbers
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "written\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert [hit.id for hit in drained(here) if isinstance(hit, RawHit)] == numbers


def test_a_writer_never_waits_for_who_drains(tmp_path: Path) -> None:
    spool, other = Spool(tmp_path), replace(HIT, id=str(UUID(int=8)))
    spool.add(HIT)
    for path in Spool(tmp_path).finished():
        spool.add(other)
        assert list(read_hits(path)) == [HIT]
        break  # the database did not take it
    assert sorted(hit.id for hit in drained(spool) if isinstance(hit, RawHit)) == [HIT.id, other.id]


def test_writers_and_who_drains_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    spools, drainer = [Spool(tmp_path) for _ in range(3)], Spool(tmp_path)
    found: list[str] = []

    def write(number: int) -> None:
        for count in range(200):
            spools[number % 3].add(replace(HIT, id=str(UUID(int=number * 1000 + count + 1))))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found += [hit.id for hit in drained(drainer) if isinstance(hit, RawHit)]
    found += [hit.id for hit in drained(drainer) if isinstance(hit, RawHit)]
    assert len(found) == len(set(found)) == 1200


def test_two_that_drain_at_once_read_no_file_together(tmp_path: Path) -> None:
    one, other = Spool(tmp_path), Spool(tmp_path)
    one.add(HIT)
    one.turn()
    for path in one.finished():
        assert list(read_hits(path)) == [HIT]
        assert drained(other) == []


def test_an_empty_file_taken_under_the_writer_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.inbound.spool as module

    spool, other, locked = Spool(tmp_path), Spool(tmp_path), module._locked
    raced: list[bool] = []

    def slow(handle: int) -> bool:
        if not raced:
            raced.append(True)
            assert drained(other) == []  # between opening and locking
        return locked(handle)

    monkeypatch.setattr(module, "_locked", slow)
    spool.add(HIT)
    assert raced
    assert drained(spool) == [HIT]


def test_lines_that_are_no_hits_come_as_they_stand(tmp_path: Path) -> None:
    def line(**changed: object) -> str:
        whole = {**asdict(HIT), **changed}
        return json.dumps(whole)

    bad = [
        "", "{", "[1]", "7", '"x"', "null", line(id=5), line(id="x"), line(at="yesterday"), line(at="2026-11-24"),
        line(link="1"), line(link=2**40), line(link=True), line(kind="unsubscribe"), line(headers=[]), line(more=1),
        line(user_agent=None), line()[:40], "{" * 5000,
    ]  # fmt: skip
    path = tmp_path / "1-a.hits"
    path.write_text("\n".join([*bad, line()]) + "\n")
    found = list(read_hits(path))
    assert [hit for hit in found if isinstance(hit, RawHit)] == [HIT]
    assert len(found) == len(bad) + 1


def test_what_no_database_takes_is_cut_out_of_texts(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(replace(HIT, user_agent="a\x00b\ud800c", headers={"via": "x\x00y"}))
    spool.turn()
    (hit,) = drained(spool)
    assert isinstance(hit, RawHit)
    assert (hit.user_agent, hit.headers) == ("abc", {"via": "xy"})


def test_a_hit_that_is_too_long_is_kept_without_its_head(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(replace(HIT, user_agent="x" * 9000))
    spool.turn()
    (hit,) = drained(spool)
    assert isinstance(hit, RawHit)
    assert (hit.user_agent, hit.headers) == ("x" * 500, {})


def test_a_disk_that_takes_half_a_line_spoils_no_other_hit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, write = Spool(tmp_path), os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:20]))
    with pytest.raises(OSError):
        spool.add(HIT)
    monkeypatch.setattr(os, "write", write)
    spool.add(HIT)
    spool.turn()
    assert [hit for hit in drained(spool) if isinstance(hit, RawHit)] == [HIT]


def test_unreadable_lines_are_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.keep_unreadable("half a li\n")
    assert (tmp_path / UNREADABLE).read_text() == "half a li\n"
