"""Events in the documented form of each provider, with values of our own, and what each is to be read as.

`OURS` is a Message-ID that came back from them; times are all AT, written as each provider writes them.
"""

from dataclasses import dataclass
from typing import Any

from tests.support.webhooks import AT

OURS = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmn@halden.example"
WHO = "inês.carvalho@casa-alta.example"
ISO, SECONDS = "2026-11-24T10:00:00Z", int(AT.timestamp())
AGENT, IP = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0", "192.0.2.44"
GONE = "smtp; 550 5.1.1 <nobody>: no such user here"
FULL = "smtp; 452 4.2.2 the mailbox is over its quota"
SPAM = "550 5.7.1 message refused, our filter calls it spam"


@dataclass(frozen=True)
class Case:
    """One event as it is told, and how it is to be read: kind, class, enhanced code, SMTP code."""

    told: Any
    kind: str
    class_: str | None = None
    enhanced: str | None = None
    code: int | None = None


def ses(
    name: str, part: dict[str, Any] | None = None, *, as_event: bool = True, **mail: Any
) -> dict[str, Any]:
    key = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}.get(name, name.lower())
    return {
        "eventType" if as_event else "notificationType": name, key: part or {},
        "mail": {
            "timestamp": ISO, "source": "bounces+x@halden.example", "messageId": "0102018f-ses", "destination": [WHO],
            "headers": [{"name": "Message-ID", "value": f"<{OURS}>"}],
            "commonHeaders": {"messageId": f"<{OURS}>"}, "tags": {"trellis": ["x"]}, **mail,
        },
    }  # fmt: skip


def ses_bounce(kind: str, detail: str, status: str = "", words: str = "", **more: Any) -> dict[str, Any]:
    one = {"emailAddress": WHO, "action": "failed", "status": status, "diagnosticCode": words}
    part = {"bounceType": kind, "bounceSubType": detail, "bouncedRecipients": [one], "timestamp": ISO,
            "feedbackId": f"feedback-{kind}-{detail}"}  # fmt: skip
    return ses("Bounce", part, **more)


def complaint(**more: Any) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": WHO}],
        "timestamp": ISO,
        "feedbackId": "feedback-c",
        **more,
    }


SES = [
    Case(ses("Send"), "queued"),
    Case(ses("Delivery", {"timestamp": ISO, "recipients": [WHO], "smtpResponse": "250 ok"}), "delivered"),
    Case(ses("DeliveryDelay", {"timestamp": ISO, "delayType": "MailboxFull", "delayedRecipients": [
        {"emailAddress": WHO, "status": "4.2.2", "diagnosticCode": FULL}]}), "deferred", "soft", "4.2.2", 452),
    Case(ses_bounce("Permanent", "NoEmail", "5.1.1", GONE), "bounced", "hard", "5.1.1", 550),
    Case(ses_bounce("Permanent", "General", "5.1.1", GONE, as_event=False), "bounced", "hard", "5.1.1", 550),
    Case(ses_bounce("Permanent", "General", "5.7.1", SPAM), "bounced", "policy", "5.7.1", 550),
    Case(ses_bounce("Transient", "MailboxFull", "5.2.2"), "bounced", "soft", "5.2.2"),
    Case(ses_bounce("Transient", "ContentRejected"), "bounced", "policy"),
    Case(ses_bounce("Undetermined", "Undetermined"), "bounced", "soft"),
    Case(ses_bounce("Permanent", "Suppressed"), "rejected", "hard"),
    Case(ses_bounce("Permanent", "OnAccountSuppressionList"), "rejected", "hard"),
    Case(ses("Complaint", complaint(complaintFeedbackType="abuse")), "complained"),
    Case(ses("Complaint", complaint(complaintFeedbackType="not-spam")), "unknown"),
    Case(ses("Reject", {"reason": "Bad content"}), "rejected", "policy"),
    Case(ses("Rendering Failure", {"errorMessage": "a value is missing", "templateName": "t"}), "failed", "policy"),
    Case(ses("Open", {"timestamp": ISO, "userAgent": AGENT, "ipAddress": IP}), "opened"),
    Case(ses("Click", {"timestamp": ISO, "userAgent": AGENT, "ipAddress": IP, "link": "https://example.com/a"}), "clicked"),
    Case(ses("Subscription", {"timestamp": ISO, "newTopicPreferences": {"unsubscribeAll": True}}), "unsubscribed"),
    Case(ses("Subscription", {"timestamp": ISO, "newTopicPreferences": {"unsubscribeAll": False}}), "subscribed"),
    Case(ses("Received", as_event=False), "inbound"),
    Case(ses("Something new"), "unknown"),
]  # fmt: skip


def postmark(record: str, time_name: str, **more: Any) -> dict[str, Any]:
    return {"RecordType": record, "MessageID": "f1e2d3c4-aaaa-bbbb-cccc-0123456789ab", "ServerID": 7,
            "MessageStream": "broadcast", "Metadata": {"trellis": OURS.partition("@")[0]},
            time_name: "2026-11-24T11:00:00.0000000+01:00", **more}  # fmt: skip


def postmark_bounce(type_: str, details: str = "", record: str = "Bounce") -> dict[str, Any]:
    return postmark(record, "BouncedAt", ID=42, Type=type_, TypeCode=1, Email=WHO, Details=details,
                    Description="What Postmark thinks of it.", Inactive=True)  # fmt: skip


def postmark_change(stops: bool, reason: str | None, origin: str) -> dict[str, Any]:
    return postmark("SubscriptionChange", "ChangedAt", Recipient=WHO, SuppressSending=stops,
                    SuppressionReason=reason, Origin=origin)  # fmt: skip


POSTMARK = [
    Case(postmark("Delivery", "DeliveredAt", Recipient=WHO, Details="Accepted"), "delivered"),
    Case(postmark_bounce("HardBounce", GONE), "bounced", "hard", "5.1.1", 550),
    Case(postmark_bounce("HardBounce", SPAM), "bounced", "policy", "5.7.1", 550),
    Case(postmark_bounce("BadEmailAddress"), "bounced", "hard"),
    Case(postmark_bounce("SoftBounce", FULL), "bounced", "soft", "4.2.2", 452),
    Case(postmark_bounce("DnsError"), "bounced", "soft"),
    Case(postmark_bounce("Transient"), "deferred", "soft"),
    Case(postmark_bounce("Blocked"), "bounced", "policy"),
    Case(postmark_bounce("SpamNotification"), "bounced", "policy"),
    Case(postmark_bounce("ManuallyDeactivated"), "rejected", "hard"),
    Case(postmark_bounce("AutoResponder"), "auto-responded"),
    Case(postmark_bounce("SMTPApiError"), "failed", "policy"),
    Case(postmark_bounce("Subscribe"), "subscribed"),
    Case(postmark_bounce("Unsubscribe"), "unsubscribed"),
    Case(postmark_bounce("SpamComplaint", record="SpamComplaint"), "complained"),
    Case(postmark_change(True, "ManualSuppression", "Recipient"), "unsubscribed"),
    Case(postmark_change(True, "ManualSuppression", "Admin"), "unknown"),
    Case(postmark_change(True, "SpamComplaint", "Recipient"), "complained"),
    Case(postmark_change(True, "HardBounce", "Recipient"), "rejected", "hard"),
    Case(postmark_change(False, None, "Recipient"), "subscribed"),
    Case(postmark("Open", "ReceivedAt", Recipient=WHO, UserAgent=AGENT, Geo={"IP": IP}, FirstOpen=True), "opened"),
    Case(postmark("Click", "ReceivedAt", Recipient=WHO, UserAgent=AGENT, Geo={"IP": IP}, OriginalLink="https://example.com/a"), "clicked"),
    Case(postmark("Inbound", "Date", OriginalRecipient=WHO), "inbound"),
    Case(postmark("Something", "At", Recipient=WHO), "unknown"),
]  # fmt: skip


def mailgun(event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "id": f"id-{event}-{len(str(more))}", "timestamp": SECONDS + 0.25, "recipient": WHO,
            "message": {"headers": {"message-id": OURS, "to": WHO, "subject": "Hello"}},
            "user-variables": {}, **more}  # fmt: skip


def mailgun_failure(severity: str, reason: str, code: int, message: str) -> dict[str, Any]:
    return mailgun("failed", severity=severity, reason=reason, **{
        "delivery-status": {"code": code, "message": message, "description": "", "attempt-no": 1}})  # fmt: skip


MAILGUN = [
    Case(mailgun("accepted"), "queued"),
    Case(mailgun("delivered", **{"delivery-status": {"code": 250, "message": "OK"}}), "delivered"),
    Case(mailgun_failure("permanent", "bounce", 550, GONE), "bounced", "hard", "5.1.1", 550),
    Case(mailgun_failure("permanent", "bounce", 550, SPAM), "bounced", "policy", "5.7.1", 550),
    Case(mailgun_failure("permanent", "generic", 498, "No MX for the domain"), "bounced", "soft", None, 498),
    Case(mailgun_failure("permanent", "old", 602, "too old"), "bounced", "soft", None, 602),
    Case(mailgun_failure("permanent", "suppress-bounce", 605, "bounced before"), "rejected", "hard", None, 605),
    Case(mailgun_failure("permanent", "suppress-complaint", 607, "complained before"), "rejected", "policy", None, 607),
    Case(mailgun_failure("temporary", "generic", 452, FULL), "deferred", "soft", "4.2.2", 452),
    Case(mailgun("rejected", reject={"reason": "virus"}), "rejected", "policy"),
    Case(mailgun("opened", ip=IP, **{"client-info": {"user-agent": AGENT}}), "opened"),
    Case(mailgun("clicked", ip=IP, url="https://example.com/a", **{"client-info": {"user-agent": AGENT}}), "clicked"),
    Case(mailgun("complained"), "complained"),
    Case(mailgun("unsubscribed"), "unsubscribed"),
    Case(mailgun("stored"), "inbound"),
    Case(mailgun("list_member_uploaded"), "unknown"),
]  # fmt: skip


def sendgrid(event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "email": WHO, "timestamp": SECONDS, "smtp-id": f"<{OURS}>", "category": ["x"],
            "sg_event_id": f"sg-{event}-{len(str(more))}", "sg_message_id": "sg-1.filter-2-3-4", **more}  # fmt: skip


SENDGRID = [
    Case(sendgrid("processed"), "queued"),
    Case(sendgrid("delivered", response="250 OK"), "delivered"),
    Case(sendgrid("deferred", response=FULL, attempt="2"), "deferred", "soft", "4.2.2", 452),
    Case(sendgrid("bounce", type="bounce", status="5.1.1", reason=GONE), "bounced", "hard", "5.1.1", 550),
    Case(sendgrid("bounce", type="blocked", status="5.7.1", reason=SPAM), "bounced", "policy", "5.7.1", 550),
    Case(sendgrid("bounce", type="blocked", reason="refused"), "bounced", "policy"),
    Case(sendgrid("bounce", type="bounce", status="5.2.2", reason="over quota"), "bounced", "soft", "5.2.2"),
    Case(sendgrid("dropped", reason="Bounced Address"), "rejected", "hard"),
    Case(sendgrid("dropped", reason="Unsubscribed Address"), "rejected", "policy"),
    Case(sendgrid("open", useragent=AGENT, ip=IP, trellis=OURS), "opened"),
    Case(sendgrid("click", useragent=AGENT, ip=IP, trellis=OURS, url="https://example.com/a"), "clicked"),
    Case(sendgrid("spamreport"), "complained"),
    Case(sendgrid("unsubscribe"), "unsubscribed"),
    Case(sendgrid("group_unsubscribe", asm_group_id=10), "unsubscribed"),
    Case(sendgrid("group_resubscribe", asm_group_id=10), "subscribed"),
    Case(sendgrid("account_status_change"), "unknown"),
]  # fmt: skip


def brevo(event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "email": WHO, "id": 11, "date": "2026-11-24 11:00:00", "ts": SECONDS - 60,
            "ts_event": SECONDS, "ts_epoch": SECONDS * 1000, "message-id": "<202611241000.1@relay.example>",
            "X-Mailin-custom": OURS.partition("@")[0], "subject": "Hello", "tags": ["x"], **more}  # fmt: skip


BREVO = [
    Case(brevo("request"), "queued"),
    Case(brevo("delivered"), "delivered"),
    Case(brevo("deferred", reason=FULL), "deferred", "soft", "4.2.2", 452),
    Case(brevo("soft_bounce", reason=FULL), "bounced", "soft", "4.2.2", 452),
    Case(brevo("hard_bounce", reason=GONE), "bounced", "hard", "5.1.1", 550),
    Case(brevo("hard_bounce", reason=SPAM), "bounced", "policy", "5.7.1", 550),
    Case(brevo("invalid_email"), "bounced", "hard"),
    Case(brevo("blocked", reason="blocked : due to blacklist user"), "rejected", "policy"),
    Case(brevo("error", reason="no sender"), "failed", "policy"),
    Case(brevo("spam"), "complained"),
    Case(brevo("opened", ip=IP, user_agent=AGENT), "opened"),
    Case(brevo("unique_proxy_open", ip=IP, user_agent=AGENT), "opened"),
    Case(brevo("click", link="https://example.com/a", ip=IP, user_agent=AGENT), "clicked"),
    Case(brevo("unsubscribed"), "unsubscribed"),
    Case(brevo("list_addition"), "subscribed"),
    Case(brevo("inboundEmailProcessed"), "inbound"),
    Case(brevo("something"), "unknown"),
]  # fmt: skip

CASES = {"ses": SES, "postmark": POSTMARK, "mailgun": MAILGUN, "sendgrid": SENDGRID, "brevo": BREVO}
