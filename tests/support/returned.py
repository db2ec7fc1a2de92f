"""Messages as they come back: reports of a mail server, complaints of a provider, letters of people."""

from app.core.tokens import message_id, verp_local_part
from app.services.world import World

DOMAIN = "halden.example"


def verp(world: World, delivery: object, prefix: str = "b") -> str:
    """The address a bounce (`r`: a reply) of this mail comes to."""
    return f"{verp_local_part(prefix, world.keyring.seal_envelope(delivery))}@{DOMAIN}"  # type: ignore[arg-type]


def id_of(world: World, delivery: object) -> str:
    return message_id(world.keyring.seal_envelope(delivery), DOMAIN)  # type: ignore[arg-type]


def report(
    to: str,
    recipient: str,
    status: str = "5.1.1",
    *,
    original: str = "",
    action: str = "failed",
    text: str = "550 5.1.1 <x>: Recipient address rejected: User unknown",
    number: int = 1,
) -> bytes:
    """A delivery status notification as Postfix writes it (RFC 3464)."""
    original = original or f"From: hello@{DOMAIN}\nTo: {recipient}\nSubject: A subject"
    return f"""\
Return-Path: <>
Received: from mx.relay.example (mx.relay.example [192.0.2.{number}])
Date: Tue, 24 Nov 2026 10:0{number}:00 +0000 (UTC)
From: MAILER-DAEMON@relay.example (Mail Delivery System)
Subject: {"Undelivered Mail Returned to Sender" if action == "failed" else "Delayed Mail (still being retried)"}
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4F1.1{number}/mx.relay.example"
Message-Id: <2026112410.{number}@mx.relay.example>

--4F1.1{number}/mx.relay.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.relay.example.

<{recipient}>: host mx.example.com[192.0.2.9] said: {text} (in reply to RCPT TO command)

--4F1.1{number}/mx.relay.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example
X-Postfix-Queue-ID: 4F1
Arrival-Date: Tue, 24 Nov 2026 09:59:00 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {text}

--4F1.1{number}/mx.relay.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{original}

--4F1.1{number}/mx.relay.example--
""".replace("\n", "\r\n").encode()


def complaint(to: str, original: str, recipient: str = "") -> bytes:
    """A complaint in the abuse reporting format (RFC 5965); without `recipient` it is redacted."""
    named = f"Original-Rcpt-To: <{recipient}>\n" if recipient else ""
    return f"""\
From: staff@hotmail.example
Date: Tue, 24 Nov 2026 10:05:00 +0000
Subject: complaint about message from 192.0.2.1
To: {to}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP 192.0.2.1.

--part
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
{named}Source-IP: 192.0.2.1

--part
Content-Type: message/rfc822
Content-Disposition: inline

{original}

A text.

--part--
""".replace("\n", "\r\n").encode()


def letter(
    to: str,
    text: str = "Yes, we would like to see it. Can you call on Thursday?",
    *,
    sender: str = "Person 0 <person0@example.com>",
    subject: str = "Re: A subject",
    head: str = "",
    number: int = 1,
) -> bytes:
    """What a person writes, with our mail quoted below it."""
    return f"""\
From: {sender}
To: {to}
Subject: {subject}
Date: Tue, 24 Nov 2026 10:0{number}:00 +0100
Message-ID: <letter-{number}@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
{head}
{text}

On Mon, 23 Nov 2026 at 09:00, Halden Metering <hello@{DOMAIN}> wrote:
> Hello Person 0.
> Read it here, or unsubscribe.
""".replace("\n", "\r\n").encode()


def vacation(to: str, head: str = "Auto-Submitted: auto-replied\n") -> bytes:
    return letter(
        to, "I am out of the office until 3 December.", subject="Out of office: A subject", head=head
    )
