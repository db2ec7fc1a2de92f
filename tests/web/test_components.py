"""One page shows what all pages are made of: nothing is added to the look without standing there."""

import re
from pathlib import Path

from tests.web.conftest import Browser

LOOK = Path(__file__).resolve().parents[2] / "app/web/shared/templates/macros/look.html"


def test_every_macro_of_the_look_is_shown(vera: Browser) -> None:
    shown = set(re.findall(r'<code class="dim">([^<]+)</code>', vera.page("/components")))
    macros = set(re.findall(r"{%-? macro (\w+)\(", LOOK.read_text("utf-8")))
    assert len(macros) > 10
    assert macros - shown == set()


def test_each_state_and_each_stage_is_there(vera: Browser) -> None:
    page = vera.page("/components")
    for words in ("t-ok", "t-warn", "t-stop", "t-unsure", "t-info", 'aria-invalid="true"', "unknown"):
        assert words in page
    for stage in ("visitor", "lead", "prospect", "customer", "ambassador", "dormant", "disqualified"):
        assert f'class="stage {stage}"' in page
    assert len(re.findall(r' id="([^"]+)"', page)) == len(set(re.findall(r' id="([^"]+)"', page)))
