"""htmx, which swaps parts of a page without a script of our own; every page works without it too."""

from importlib.resources import files

from flask import Flask, Response, send_file

SCRIPT = files("django_htmx") / "static" / "django_htmx" / "htmx-4.min.js"


def add_htmx(app: Flask) -> None:
    app.add_url_rule("/static/htmx.js", "htmx", _script)


def _script() -> Response:
    return send_file(str(SCRIPT), mimetype="text/javascript", max_age=3600)
