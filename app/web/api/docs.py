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
SETTINGS = {"withDefaultFonts": False, "telemetry": False, "hideClientButton": True, "hiddenClients": True,
            "agent": {"disabled": True}, "mcp": {"disabled": True}, "showDeveloperTools": "never"}  # fmt: skip
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
    answer = Response(render_template("api/docs.html", settings=SETTINGS))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@docs.get("/v1/docs/scalar.js")
def script() -> ResponseReturnValue:
    return send_file(str(SCRIPT), mimetype="text/javascript", max_age=3600)
