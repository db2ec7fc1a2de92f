"""What servers answer, and what it means for the address: the words correct the code, and nobody is blamed on a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.returned.codes import better_status, enhanced_code, reply_code, status_code
from app.inbound.returned.meanings import class_of

HARD = """
550 5.1.1 The email account that you tried to reach does not exist
550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in local recipient table
550 5.1.1 RESOLVER.ADR.RecipNotFound; not found
550 5.1.1 MAILBOX NOT FOUND
550 5.1.1 Not our Customer
550 5.1.1 unknown or illegal alias: x@y.example
550 5.1.0 Address rejected
550 5.1.2 Host unknown (Name server: y.example.: host not found)
550 5.1.3 Bad destination mailbox address syntax
550 5.1.6 <x@y.example> has moved to elsewhere
550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
556 5.1.10 Domain y.example does not accept mail (nullMX)
550 5.2.1 The email account that you tried to reach is disabled
550 5.2.1 This mailbox has been blocked due to inactivity
550 5.4.1 Recipient address rejected: Access denied [x.prod.protection.outlook.com]
550 5.4.310 DNS domain y.example does not exist
554 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain
550 5.5.0 Requested action not taken: mailbox unavailable
550 5.7.1 No such user!
553 5.3.0 <x@y.example>... No such user here
553 5.7.1 Invalid recipient x@y.example (Mode: normal)
550 Requested action not taken: mailbox unavailable
550 <x@y.example> User not known
550 no mailbox by that name is currently available
550 Invalid Recipient
550 unknown user
550 sorry, no mailbox here by that name (#5.1.1 - chkusr)
550 User account is not active
550 Mailbox is frozen. See http://help.example/frozen
550 x@y.example user suspended
550 User account is expired
550 User not found: x@y.example
511 sorry, no mailbox here by that name (#5.1.1)
554 delivery error: dd This user doesn't have an example.com account (x@y.example) [0] - mta1.example.com
554 delivery error: dd Requested mail action aborted, mailbox not found
551 User not local; please try <z@y.example>
550 5.1.1 Adresse inexistante
550 5.1.1 <x@y.example> utente sconosciuto
550 Der Benutzer ist nicht bekannt, Benutzer unbekannt
"""
SOFT = """
552 5.2.2 Mailbox full
550 5.2.2 STOREDRV.Deliver: mailbox full
554 5.2.2 mailbox full; QuotaExceededException.MapiExceptionShutoffQuotaExceeded
550 5.7.1 user is over quota
550 5.1.1 <x@y.example> mailbox full
550 5.1.1 <x@y.example>: Recipient address rejected: Greylisted, try later
550 5.7.1 Greylisting in action
550 5.1.1 Please try again after 5 minutes
550 5.1.1 connection refused
550 5.1.1 RP:QRC 192.0.2.1 The number of recipients is too many
552 Requested mail action aborted: exceeded storage allocation: mailbox full
550 RCPT TO:<x@y.example> Mailbox disk quota exceeded
552 5.3.4 Message size exceeds fixed maximum message size
552 5.2.3 message too large for this recipient
550 5.4.6 mail loop: too many hops
554 5.4.14 Hop count exceeded - possible mail loop
550 4.4.7 QUEUE.Expired; message expired
421 4.4.2 Connection dropped
450 4.2.0 <x@y.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help
451 4.7.1 Greylisting in action, please come back later
450 4.1.1 <x@y.example>: Recipient address rejected: unverified address: user unknown
452 4.3.1 Insufficient system storage
451 4.3.0 Temporary lookup failure
450 4.2.1 The user you are trying to contact is receiving mail too quickly
421 Too many concurrent SMTP connections
554 5.3.0 unknown mailer error 255
550 5.0.0 Command died with status 75
550 <x@y.example>: Destinatario desconocido o mailbox lleno
554 Service unavailable
550 Rejected
554
500 5.5.2 Syntax error
550 5.1.4 RESOLVER.ADR.Ambiguous; ambiguous address
450 Host or domain name not found. Name service error for name=y.example type=MX: Host not found, try again
"""
POLICY = """
550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your provider since part of their network is on our block list (S3140)
550 5.7.606 Access denied, banned sending IP [192.0.2.1]
550-5.7.26 Unauthenticated email from news.example is not accepted due to domain's DMARC policy
550 5.7.1 Our system has detected that this message is likely unsolicited mail
554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org
554 5.7.1 <x@y.example>: Recipient address rejected: Access denied
554 5.7.1 <x@y.example>: Relay access denied
550 5.7.1 Unable to relay
550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized
550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required
550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized to send to the recipient
550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy
550 5.1.8 Access denied, bad outbound sender
550 5.1.8 <us@news.example>: Sender address rejected: Domain not found
550 5.1.7 No such domain news.example
550 5.1.0 sender rejected
553 5.1.8 <us@news.example>... Domain of sender address us@news.example does not exist
550 5.1.1 Message rejected as spam
550 5.1.1 sender is not in our whitelist
550 5.1.1 DT:SPM 163 smtp
550 5.1.1 Recipient's mailbox is restricted to members
550 5.7.1 Your account has been blocked from sending
550 Outgoing mail from news has been suspended
550 5.1.1 RCP-P2 http://postmaster.example/codes#rcp Refused due to recipient preferences
554 5.6.0 Message contains NUL characters
571 Delivery not authorized, message refused
571 No PTR Record found. Reverse DNS required: 192.0.2.1
550 Unroutable sender address
550 Verification failed: sender verify failed
550 Administrative prohibition
550 Message contains a virus (Eicar)
550 SC-001 Mail rejected for policy reasons
550 High probability of spam
535 5.7.8 Authentication credentials invalid
530 5.7.0 Must issue a STARTTLS command first
554 Blocked - see https://ipcheck.example/?ip=192.0.2.1
554 5.7.9 Message not accepted for policy reasons
550 We do not accept messages from senders without reverse DNS: unknown user of a bad host
421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints
553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
550 5.1.1 <x@y.example>: Recipient address rejected: blocked by the recipient
554 Mail from your host is listed in dnsbl.example
"""


def _lines(block: str, class_: str) -> list[tuple[str, str]]:
    return [(line, class_) for line in block.strip().split("\n")]


@pytest.mark.parametrize(
    ("said", "class_"), _lines(HARD, "hard") + _lines(SOFT, "soft") + _lines(POLICY, "policy")
)
def test_an_answer_has_its_class(said: str, class_: str) -> None:
    assert class_of(enhanced_code(said), reply_code(said), said) == class_


@given(st.integers(400, 499), st.text(max_size=80))
def test_what_is_temporary_is_never_hard(code: int, said: str) -> None:
    assert class_of(None, code, f"{code} {said} user unknown") != "hard"
    assert class_of(f"4.1.{code % 10}", None, f"{said} user unknown") != "hard"


@given(
    st.sampled_from(["spam", "blocked using a list", "policy reasons", "sender rejected", "relaying denied"]),
    st.sampled_from(["5.1.1", "5.1.2", "5.2.1", "5.0.0", None]),
)
def test_what_a_policy_says_is_never_hard(said: str, status: str | None) -> None:
    assert class_of(status, 550, f"user unknown, {said}") == "policy"


@given(st.integers(500, 599), st.sampled_from([None, "5.0.0", "5.5.0", "5.3.0"]))
def test_a_bare_code_is_no_reason_to_suppress(code: int, status: str | None) -> None:
    assert class_of(status, code, "") == "soft"


@pytest.mark.parametrize(
    ("said", "code", "status"),
    [
        ("550 5.1.1 no", 550, "5.1.1"),
        ("550-5.1.1 no\n550 5.1.1 more", 550, "5.1.1"),
        ("554 554 5.7.0 Header error (state 18)", 554, "5.7.0"),
        ("#550 5.2.3 too large ##", 550, "5.2.3"),
        ("5.1.0 - Unknown address error 550-'5.1.1 <x@y.example>... no'", 550, "5.1.1"),
        ("Sorry, no mailbox here by that name. (#5.1.1)", None, "5.1.1"),
        ("Remote host said: 550 unknown", 550, None),
        ("[554 5.4.6 Hop count exceeded]", 554, "5.4.6"),
        ("ERROR_CODE :550, ERROR_CODE :Requested action not taken", 550, None),
        ("connect to 192.0.5.1.1[10.5.1.1]:587 failed after 500 seconds", None, None),
        ("Exim 4.80, Postfix 5.1.14a, version 5.5.2657.72, port 550.", None, None),
        ("running sendmail 4.9.1 at mx5.1.1.example.org", None, None),
        ("the message of 552 octets", None, None),
        ("", None, None),
    ],
)
def test_codes_are_found_by_their_place(said: str, code: int | None, status: str | None) -> None:
    assert (reply_code(said), enhanced_code(said)) == (code, status)


def test_of_two_statuses_the_more_exact_one_counts() -> None:
    assert better_status("5.0.0", "5.1.1") == "5.1.1"
    assert better_status("5.1.0", "5.2.2") == "5.2.2"
    assert better_status("5.1.1", "5.7.1") == "5.1.1"
    assert better_status("5.5.0", None) == "5.5.0"
    assert better_status(None, "4.4.1") == "4.4.1"
    assert better_status("4.4.0", "5.1.1") == "4.4.0"
    assert status_code("5.1.1 (bad destination)") == "5.1.1"
    assert status_code("unknown") is None
