"""What comes back and is no bounce: complaints, automatic answers, receipts, and what people write."""

from tests.inbound.returned.building import COPY, WHO, Sample, letter, recipient, report

ANNA = f"Anna Kovacs <{WHO}>"
THREAD = {"Return_Path": f"<{WHO}>", "In_Reply_To": "<m17@news.example.net>"}
PERSON = {"Return_Path": f"<{WHO}>"}
NOTICE = "This is the mail system at host mx.example.org.\n\n<bela@example.com>: host mx.example.com said: 550 5.1.1 User unknown\n"


def feedback(fields: str, copy: str = COPY, **more: str) -> bytes:
    parts = [
        ("text/plain", "This is an email abuse report."),
        ("message/feedback-report", fields),
        ("message/rfc822", copy),
    ]
    body = "".join(f"--=_f\nContent-Type: {kind}\n\n{inner}\n" for kind, inner in parts) + "--=_f--\n"
    return letter(
        body,
        "FW: The guide",
        "fbl@mail.example.org",
        Content_Type='multipart/report; report-type=feedback-report; boundary="=_f"',
        **more,
    )


COMPLAINTS = [
    Sample("arf", feedback(f"Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\nOriginal-Rcpt-To: <{WHO}>\n"), "complaint"),
    Sample("arf by the original", feedback("Feedback-Type: abuse\nVersion: 1\n"), "complaint"),
    Sample("arf redacted", feedback("Feedback-Type: abuse\nOriginal-Rcpt-To: redacted@example.com\n", COPY.replace(f"To: {WHO}", "To: undisclosed")), "complaint", address=""),
    Sample("arf opt-out", feedback(f"Feedback-Type: opt-out\nRemoval-Recipient: {WHO}\n"), "complaint"),
    Sample("arf fraud", feedback(f"Feedback-Type: fraud\nOriginal-Rcpt-To: {WHO}\n"), "complaint"),
    Sample("arf not spam", feedback(f"Feedback-Type: not-spam\nOriginal-Rcpt-To: {WHO}\n"), "none"),
    Sample("arf authentication", feedback(f"Feedback-Type: auth-failure\nAuth-Failure: dmarc\nOriginal-Rcpt-To: {WHO}\n"), "none"),
    Sample("jmrp", letter(f"--=_j\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: {WHO}\n{COPY}--=_j--\n", "complaint about message from 192.0.2.10", "staff@hotmail.com", Return_Path="<staff@hotmail.com>", Content_Type='multipart/mixed; boundary="=_j"'), "complaint"),
    Sample("hotmail's oldest form", letter("Hello Anna\n", "The guide", "Trellis <news@example.net>", Return_Path="<staff@hotmail.com>", X_HmXmrOriginalRecipient=WHO), "complaint"),
    Sample("leaving by apple mail", letter("Apple Mail sent this to leave the list.\n", "unsubscribe", ANNA, Auto_Submitted="auto-replied", X_Apple_Unsubscribe="true", **PERSON), "complaint"),
    Sample("ses notification", letter('{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"' + WHO + '"}],"complaintFeedbackType":"abuse"},"mail":{}}\n--\nTo stop, click\n', "AWS Notification Message", "no-reply@sns.amazonaws.com", Return_Path="<x@amazonses.com>"), "complaint"),
]  # fmt: skip

# Subjects of absences; each also with the header of its program.
ABSENCES = (
    "Automatic reply: The guide", "Out of Office: The guide", "Out of the office", "Auto: The guide", "Autoreply: The guide",
    "Automatische Antwort: Der Leitfaden", "Abwesenheitsnotiz", "Abwesenheit: Re: Der Leitfaden", "Réponse automatique : le guide", "Absence du bureau",
    "Risposta automatica: la guida", "Fuori ufficio", "Respuesta automática: la guía", "Fuera de la oficina", "Resposta automática: o guia",
    "Automatisch antwoord: de gids", "Afwezig: de gids", "Автоответ: руководство", "Автоматический ответ: руководство", "Automatyczna odpowiedź: przewodnik",
    "Poza biurem", "Automatiskt svar: guiden", "Frånvaro", "Autosvar: guiden", "Automatisk svar: veiledningen", "Automaattinen vastaus: opas",
    "Automatická odpověď: příručka", "Otomatik yanıt: kılavuz", "自動返信：ガイド", "不在通知", "自动回复：指南", "부재중 메시지: 안내",
)  # fmt: skip
AWAY = "I am away until Monday and will answer then.\n"
HEADERS = (
    {"Auto_Submitted": "auto-replied"}, {"X_Autoreply": "yes"}, {"X_Autorespond": "vacation"}, {"Precedence": "auto_reply"},
    {"X_Auto_Response_Suppress": "All", "Auto_Submitted": "auto-generated"}, {"X_Apple_Action": "VACATION"}, {"X_FC_MachineGenerated": "true"},
    {"Precedence": "bulk", "Subject": "Out of office"}, {"Return_Path": "<>", "Subject": "Out of office"},
)  # fmt: skip
AUTOMATIC = [
    *(Sample(f"subject {subject}", letter(AWAY, subject, ANNA, **PERSON), "auto-reply") for subject in ABSENCES),
    *(Sample(f"field {next(iter(fields))} {at}", letter(AWAY, **{"Subject": "Re: The guide", "From": ANNA, **PERSON, **fields}), "auto-reply") for at, fields in enumerate(HEADERS)),
    Sample("absence that quotes", letter(f"{AWAY}\n> {NOTICE}", "Out of office: Undelivered Mail", ANNA, Auto_Submitted="auto-replied", **PERSON), "auto-reply"),
    Sample("left the company", letter("Anna has left the company. This mailbox is no longer in use, user unknown.\n", "Automatic reply: The guide", ANNA, **PERSON), "auto-reply"),
    *(
        Sample(
            f"empty sender {at}",
            letter(f"{said}\n\nbela@example.com\n\n-----Original Message-----\n{COPY}", subject, ANNA),
            "auto-reply",
        )
        for at, (subject, said) in enumerate(
            [
                ("Re: The guide", "I am out of the office and unable to answer. In urgent cases write to:"),
                ("SV: Vejledningen", "Jeg kan ikke svare før mandag. Skriv til:"),
                ("R: La guida", "Sono in ferie, mi è impossibile rispondere. Scrivere a:"),
                ("AW: Der Leitfaden", "Ich konnte nicht antworten, ich bin im Urlaub. Bitte schreiben Sie an:"),
                ("Re: ガイド", "休暇中のため、すぐに返信できません。"),
                ("Re: Delivery problem of my order", "I could not answer in time, I am on vacation. Ask:"),
            ]
        )
    ),
    Sample("challenge in the form of a report", report("Your message waits: add yourself to my guest list.\n", recipient("4.7.0", "X-Notice; Sender not pre-approved"), subject="Re: The guide (Action Required)", sender="noreply@boxbe.com"), "auto-reply", address="noreply@boxbe.com"),
    Sample("challenge by its field", letter("This account is protected. Follow the link.\n", "RE: The guide", ANNA, X_Bluebottle_Request="1", **PERSON), "auto-reply"),
    Sample("challenge", letter("Please confirm that you are a person by answering this message.\n", "Please confirm your message", ANNA, X_Challenge="1", **PERSON), "auto-reply"),
    Sample("awaits a moderator", letter("Your mail to 'Guides' is being held until the list moderator can review it.\n", "Your message to Guides awaits moderator approval", "guides-bounces@lists.example.com", Return_Path="<guides-bounces@lists.example.com>", Precedence="bulk", List_Id="<guides.lists.example.com>"), "auto-reply", address="guides-bounces@lists.example.com"),
    Sample("ticket without marks", letter("Your request has been received.\n", "[Ticket 4711] The guide", ANNA, **PERSON), "auto-reply"),
    Sample("says so itself", letter("Hello,\nthis is an automated response: I have left.\n\nOn Mon, 5 Oct 2026 at 09:00, Trellis wrote:\n> Hello\n", "Re: The guide", ANNA, **THREAD), "auto-reply"),
    Sample("tells of its mailbox's end", letter("I left the company. This mailbox does not exist any more, 550 5.1.1 user unknown.\n", "Automatic reply: The guide", ANNA, Auto_Submitted="auto-generated", **PERSON), "auto-reply"),
    Sample("ticket", letter("We have received your request and will answer soon.\n", "[Ticket 4711] We have received your message", ANNA, Auto_Submitted="auto-generated", **PERSON), "auto-reply"),
]  # fmt: skip
NOTHING = [
    Sample("read receipt", letter("--=_r\nContent-Type: text/plain\n\nYour message was read.\n--=_r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;" + WHO + "\nDisposition: manual-action/MDN-sent-manually; displayed\n--=_r--\n", "Read: The guide", ANNA, Content_Type='multipart/report; report-type=disposition-notification; boundary="=_r"', **PERSON), "none"),
    Sample("read by subject", letter("Your message was read on Monday.\n", "Gelesen: Der Leitfaden", ANNA, **PERSON), "none"),
    Sample("delivered", report("Your message was delivered.", recipient("2.1.5", action="delivered")), "none", None, "2.1.5"),
    Sample("expanded", report("Your message was sent on to a list.", recipient("2.0.0", action="expanded")), "none", None, "2.0.0"),
    Sample("newsletter", letter("Our news of this month.\n", "News in October", "news@shop.example.org", List_Unsubscribe="<https://shop.example.org/u>", Precedence="bulk", Return_Path="<b@shop.example.org>"), "none", address="news@shop.example.org"),
    Sample("dmarc", letter("", "Report Domain: example.net Submitter: example.com Report-ID: 1", "noreply-dmarc@example.com", Return_Path="<noreply-dmarc@example.com>"), "none", address="noreply-dmarc@example.com"),
]  # fmt: skip
REPLIES = [
    Sample("answer", letter("Yes please, call me tomorrow.\n\nOn Mon, 5 Oct 2026 at 09:00, Trellis <news@example.net> wrote:\n> Hello Anna\n", "Re: The guide", ANNA, **THREAD), "reply"),
    Sample("answer that quotes a bounce", letter(f"Bela's address is wrong, see what I got:\n\n> {NOTICE.replace(chr(10), chr(10) + '> ')}\nCould you try again?\n", "Re: The guide", ANNA, **THREAD), "reply"),
    Sample("answer that tells of a bounce", letter(f"I got this, what shall I do?\n\n{NOTICE}", "Re: Undelivered Mail Returned to Sender", ANNA, **THREAD), "reply"),
    Sample("forwarded by hand", letter(f"FYI\n\n---------- Forwarded message ----------\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nSubject: Undelivered Mail Returned to Sender\n\n{NOTICE}", "Fwd: Undelivered Mail Returned to Sender", ANNA, **PERSON), "reply"),
    Sample("exchange asks for silence", letter("Thank you, that helps.\n", "Re: The guide", ANNA, X_Auto_Response_Suppress="OOF, AutoReply", **THREAD), "reply"),
    Sample("on holiday, by hand", letter("I'll be on vacation next week, can we talk after? My mailbox is full of work.\n", "Re: The guide", ANNA, **THREAD), "reply"),
    Sample("not automatic", letter("Fine.\n", "Re: The guide", ANNA, Auto_Submitted="no", **THREAD), "reply"),
    Sample("new letter", letter("Could you send the guide to my colleague, too?\n", "A question", ANNA, **PERSON), "reply"),
    Sample("on a list", letter("Good point.\n", "Re: The guide", ANNA, List_Id="<guides.example.com>", Precedence="list", **THREAD), "reply"),
    Sample("about delays", letter("Our delivery is delayed, we will try again next week.\n", "Re: delayed delivery", ANNA, **THREAD), "reply"),
    Sample("answer to a robot's words", letter("Yes please!\n\nOn Mon, 5 Oct 2026 at 09:00, Trellis <news@example.net> wrote:\n> This is an automated message.\n", "Re: The guide", ANNA, **THREAD), "reply"),
    Sample("german answer", letter("Danke, ich melde mich.\n\nAm 05.10.2026 um 09:00 schrieb Trellis:\n> Hallo\n", "AW: Der Leitfaden", ANNA, **THREAD), "reply"),
    Sample("parcel", letter("Your parcel could not be delivered today, we will try again. Tell us where to leave it: parcels@shop.example.org\n", "Delivery notification: your parcel could not be delivered", "Parcels <info@shop.example.org>", Return_Path="<info@shop.example.org>"), "reply", address="info@shop.example.org"),
    Sample("administrator by name", letter("We rejected your message by mistake: 550 5.1.1 user unknown. Try again.\n", "Re: Undelivered Mail Returned to Sender", f"System Administrator <{WHO}>", **THREAD), "reply"),
    Sample("about a policy", letter("We have a policy that rejects spam. 550 5.1.1 user unknown is what our server says to strangers.\n", "Mail policy", ANNA, **PERSON), "reply"),
]  # fmt: skip
