"""The description of the API (OpenAPI 3.1), and a page that shows it. Nothing of it comes from elsewhere."""

from importlib.resources import files
from typing import Any, cast

from flask import Blueprint, Response, current_app, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_openapi3.openapi import OpenAPI

from app.services.api.once import LONGEST_KEY
from app.web.api.guard import KEY

SCRIPT = files("flask_openapi3_scalar") / "templates" / "scalar" / "js" / "scalar.standalone.js"
# The page's program writes its own styles; it may load and ask nothing but this site.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Its own greys and signal colours are too pale to read; ours are not. Its list at the side names roles that its buttons
# cannot have, which readers of screens stumble over: a list of ours stands above instead.
COLOURS = """
.light-mode { --scalar-color-1: #16261D; --scalar-color-2: #42524A; --scalar-color-3: #5C675F; --scalar-color-accent: #1D5A42;
  --scalar-background-1: #FBFAF4; --scalar-background-2: #F2EFE4; --scalar-background-3: #E9E5D6;
  --scalar-color-green: #2A653A; --scalar-color-red: #9C3820; --scalar-color-yellow: #79530A; --scalar-color-orange: #79530A;
  --scalar-color-blue: #2B5878; --scalar-color-purple: #5E4A78; }
.dark-mode { --scalar-color-1: #ECEBE0; --scalar-color-2: #B9C1B6; --scalar-color-3: #93A096; --scalar-color-accent: #8FCBA6;
  --scalar-background-1: #151D18; --scalar-background-2: #1B2520; --scalar-background-3: #2A362F;
  --scalar-color-green: #8CC68F; --scalar-color-red: #EE9A80; --scalar-color-yellow: #DDB45C; --scalar-color-orange: #DDB45C;
  --scalar-color-blue: #8EBAD9; --scalar-color-purple: #BEA9DB; }
.rooms { display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 12px 24px; font: 14px/24px sans-serif; }
.endpoints, .scalar-card-content { max-height: none !important; overflow: visible !important; }
.endpoints *, .scalar-card-content * { white-space: pre-wrap !important; overflow-wrap: anywhere !important; min-width: 0 !important; }
.rooms a { color: var(--scalar-color-accent); }
"""
SETTINGS = {"withDefaultFonts": False, "telemetry": False, "hideClientButton": True, "hiddenClients": True,
            "agent": {"disabled": True}, "mcp": {"disabled": True}, "showDeveloperTools": "never",
            "showSidebar": False, "hideSearch": True, "customCss": COLOURS}  # fmt: skip
ONCE = {
    "name": KEY, "in": "header", "required": False,
    "description": "The same request under the same key is done once, for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
}  # fmt: skip

docs = Blueprint("docs", __name__, url_prefix="/api", template_folder="templates")


def add_docs(api: OpenAPI) -> None:
    api.register_blueprint(docs)


def whole(api: OpenAPI) -> dict[str, Any]:
    """The description, made when it is first asked for."""
    if not api.spec_json:
        for path in api.api_doc["paths"].values():
            if "post" in path:
                path["post"].setdefault("parameters", []).append(ONCE)
    return api.spec_json


@docs.get("")
@docs.get("/v1")
def start() -> ResponseReturnValue:
    return redirect(url_for("docs.show"))


@docs.get("/v1/openapi.json")
def schema() -> ResponseReturnValue:
    return whole(cast(OpenAPI, current_app))


@docs.get("/v1/docs")
def show() -> ResponseReturnValue:
    rooms = [tag["name"] for tag in whole(cast(OpenAPI, current_app))["tags"]]
    answer = Response(render_template("api/docs.html", settings=SETTINGS, rooms=rooms))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@docs.get("/v1/docs/scalar.js")
def script() -> ResponseReturnValue:
    return send_file(str(SCRIPT), mimetype="text/javascript", max_age=3600)
