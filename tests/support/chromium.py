"""Where Chromium is: named by TRELLIS_CHROMIUM, or on the PATH."""

import os
import shutil

NEEDED = "No Chromium: set TRELLIS_CHROMIUM to one, or put it on the PATH."


def find_chromium() -> str | None:
    named = os.environ.get("TRELLIS_CHROMIUM")
    if named:
        return named
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
    )
