"""Web hooks coming in: what providers told, what was refused and why, a new one with its address to paste."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.inbound.webhooks import PROVIDERS
from app.services import provider_events as service
from app.services.secrets import Vault
from app.web.shared.context import now, user, web

webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks", template_folder="templates")
LARGEST = 64_000


@webhooks.get("")
def show() -> ResponseReturnValue:
    return _page()


@webhooks.post("/add")
def add() -> ResponseReturnValue:
    form = request.form
    wish = service.Wish(
        form.get("provider", ""), form.get("name", "").strip() or form.get("provider", ""),
        form.get("secret", "")[:LARGEST], form.get("topics", "")[:LARGEST].split(), form.get("networks", "")[:LARGEST].split(),
    )  # fmt: skip
    try:
        made = service.add(web().database, _vault(), web().workspace_id, wish, user().id, now())
    except service.EndpointFault as fault:
        return _page(fault=fault.reason, wish=wish), 422
    # Shown in the answer itself and never again: the password is not kept where it could be read.
    return _page(made=made, wish=wish)


@webhooks.post("/remove")
def remove() -> ResponseReturnValue:
    try:
        service.remove(web().database, web().workspace_id, request.form.get("name", ""), user().id, now())
    except service.EndpointFault as fault:
        return _page(fault=fault.reason), 422
    return redirect(url_for("webhooks.show"))


@webhooks.post("/certificate")
def certificate() -> ResponseReturnValue:
    form = request.form
    file_name, pem = form.get("file", "").strip()[:200], form.get("pem", "")[:LARGEST]
    try:
        service.install_certificate(
            web().database, web().workspace_id, form.get("name", ""), file_name, pem, user().id, now()
        )
    except service.EndpointFault as fault:
        return _page(fault=fault.reason), 422
    return redirect(url_for("webhooks.show"))


def _page(
    made: service.Made | None = None, wish: service.Wish | None = None, fault: Reason | None = None
) -> str:
    return render_template(
        "admins/webhooks.html",
        endpoints=service.listing(web().database, _vault(), web().workspace_id),
        providers=tuple(PROVIDERS.values()),
        base=web().settings.public_url,
        made=made,
        wish=wish,
        fault=fault,
        here="health",
    )


def _vault() -> Vault:
    return Vault(web().settings)
