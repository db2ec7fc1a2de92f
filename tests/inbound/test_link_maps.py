"""Where links lead stays known: on disk for good, whatever becomes of the database."""

from pathlib import Path
from uuid import UUID

import pytest

from app.inbound.link_maps import LinkMaps, Target

VARIANT = UUID(int=1)
TARGETS = (Target(1, "{{ brand.home }}/a", ("pricing", "guides")), Target(2, "https://example.com/?a=ü", ()))


def test_a_map_is_found_by_another_process(tmp_path: Path) -> None:
    LinkMaps(tmp_path).put(VARIANT, "discovery/hello", TARGETS)
    found = LinkMaps(tmp_path).get(VARIANT)
    assert found is not None
    assert (found.template, found.targets) == ("discovery/hello", TARGETS)
    assert found.target(2) == TARGETS[1]
    assert found.target(3) is None


def test_an_unknown_variant_has_none(tmp_path: Path) -> None:
    assert LinkMaps(tmp_path).get(VARIANT) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"template": "a", "targets": [{}]}', "\x00"])
def test_a_spoilt_file_counts_as_missing_and_is_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{VARIANT.hex}.json").write_text(text)
    links = LinkMaps(tmp_path)
    assert links.get(VARIANT) is None
    links.put(VARIANT, "discovery/hello", TARGETS)
    assert LinkMaps(tmp_path).get(VARIANT) is not None


def test_what_was_kept_once_stays(tmp_path: Path) -> None:
    LinkMaps(tmp_path).put(VARIANT, "discovery/hello", TARGETS)
    LinkMaps(tmp_path).put(VARIANT, "discovery/hello", ())
    found = LinkMaps(tmp_path).get(VARIANT)
    assert found is not None
    assert found.targets == TARGETS
    assert [path.name for path in tmp_path.iterdir()] == [f"{VARIANT.hex}.json"]
