"""Notifications of Amazon SES that are sent on by mail: JSON in the text, as its event documentation gives it."""

import json
from typing import Any

from app.inbound.returned.codes import better_status, enhanced_code, reply_code, status_code
from app.inbound.returned.meanings import class_of
from app.inbound.returned.said import Class, Returned, What

MAX_TEXT = 60_000
MARKS = ('"notificationtype"', '"eventtype"')


def read(text: str) -> list[Returned]:
    """What a notification says of each recipient; empty where the text is none."""
    if not any(mark in text[:20_000].lower() for mark in MARKS):
        return []
    told = _object(text)
    kind = str(told.get("notificationType") or told.get("eventType") or "").lower()
    if kind == "bounce":
        return _bounces(_dict(told.get("bounce")))
    if kind == "complaint":
        complaint = _dict(told.get("complaint"))
        reason = str(complaint.get("complaintFeedbackType") or "abuse")
        what: What = "none" if reason == "not-spam" else "complaint"
        return [Returned(each, what, reason=reason) for each in _named(complaint.get("complainedRecipients"))]
    if kind in ("delivery", "deliverydelay", "send", "open", "click"):
        told_of = _dict(told.get("delivery") or told.get("deliveryDelay") or told.get("mail"))
        named = _named(told_of.get("delayedRecipients")) or [
            str(each)
            for each in told_of.get("recipients") or told_of.get("destination") or []
            if isinstance(each, str)
        ]
        if kind == "deliverydelay":
            return [
                Returned(each, "delay", "soft", reason=str(told_of.get("delayType") or "")) for each in named
            ]
        return [Returned(each, "none", reason=kind) for each in named]
    return []


def _bounces(bounce: dict[str, Any]) -> list[Returned]:
    found: list[Returned] = []
    general, detail = (
        str(bounce.get("bounceType") or "").lower(),
        str(bounce.get("bounceSubType") or "").lower(),
    )
    for each in _list(bounce.get("bouncedRecipients"))[:500]:
        said = str(each.get("diagnosticCode") or "")
        enhanced = better_status(status_code(str(each.get("status") or "")), enhanced_code(said))
        code = reply_code(said)
        found.append(
            Returned(
                str(each.get("emailAddress") or ""),
                "bounce",
                _class(general, detail, enhanced, code, said),
                enhanced,
                code,
                said[:500],
            )
        )
    return found


def _class(general: str, detail: str, enhanced: str | None, code: int | None, said: str) -> Class:
    if said or enhanced:
        return class_of(enhanced, code, said)
    # Without a word of the server: a suppression list is the provider's own doing.
    if general == "permanent" and detail in ("general", "noemail"):
        return "hard"
    return "policy" if "suppress" in detail or "reject" in detail else "soft"


def _object(text: str) -> dict[str, Any]:
    start = text.find("{")
    if start < 0:
        return {}
    # Mailers break the long line and mark the place with an exclamation mark.
    joined = text[start : start + MAX_TEXT].replace("!\n ", "").replace("\n", " ")
    try:
        found, _ = json.JSONDecoder().raw_decode(joined)
    except (ValueError, RecursionError):
        return {}
    inner = found.get("Message") if isinstance(found, dict) else None
    if isinstance(inner, str):
        return _object(inner)
    return _dict(found)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _named(value: Any) -> list[str]:
    return [str(each.get("emailAddress") or "") for each in _list(value)[:500]]
