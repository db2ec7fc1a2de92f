"""The forms in which mailers write their notices, as tables: who writes, what they call it, where addresses stand.

A line of a notice is stripped of its margin before it is compared. `A` is an address, `R` what is said of it.
"""

import re
from typing import NamedTuple

ADDRESS = r"(?:\"[^\"\s<>]{1,64}\"|[^\s<>()\[\],;:\"'@|]{1,160}+)@[\w.\-]{1,250}\w"
A = rf"(?P<a>{ADDRESS})"
R = r"(?P<r>\S.{0,1500})"


class Form(NamedTuple):
    """A line that names a recipient. `sure`: written for a machine to find, not in prose."""

    mailer: str
    pattern: re.Pattern[str]
    sure: bool = True


def _form(mailer: str, pattern: str, sure: bool = True) -> Form:
    return Form(mailer, re.compile(pattern.replace("{A}", A).replace("{R}", R), re.I), sure)


# The first that fits a line is taken.
FORMS: tuple[Form, ...] = (
    _form("Postfix, qmail, Exim, Yahoo", r"\"?<{A}>\"?(?: \([^)]{0,200}\))?:\s*{R}?\Z"),
    _form("GMX, web.de, 1&1", r"\"{A}\":?\s*{R}?\Z"),
    _form("Active!Hunter", r">>> {A} <[^>]{3,300}>\Z"),
    _form("Sendmail", r"(?:>>> )?RCPT TO: ?<{A}>"),
    _form("Sendmail, Courier", r"(?:<<< )?[45]\d\d[ -](?:[45]\.\d\.\d{1,3} )?<{A}>(?:\.{3}|[,:;]| )\s*{R}?\Z"),
    _form("Apache James", r"RCPT TO: ?{A}\Z"),
    _form("MailMarshal, Exim, Gmail", r"[*>•·\-]?\s?<?{A}>?(?: ?[<(\[](?:mailto:|smtp:)?[^>)\]]{3,300}[>)\]])?[:,;.]?\Z"),
    _form("McAfee, Sendmail", r"<?{A}>?:?\s+[(\[]{R}"),
    _form("Exchange 5.5", r"{A} on (?:\w{3}, )?\d{1,2}[ /.]"),
    _form("Exim, Zoho, InterScan", r"<?{A}>?(?: |:\s*|,\s*|\s+-+\s+|\t){R}\Z", sure=False),
    _form("Exim", r"(?:delivering|unable to deliver|could not deliver)[^@<]{0,40}<?{A}>?", sure=False),
    _form("SurfControl", r"addressed to: ?<?{A}>?\Z"),
    _form("SMTP32", r"(?:unknown|invalid|no such) (?:user|recipient|mailbox|host|address): ?<?{A}>?"),
    _form("SMTP32", r"(?:user|recipient|mailbox) (?:mailbox|unknown|full|over quota|quota exceeded)[^@]{0,30}: ?<?{A}>?"),
    _form("SMTP32", r"(?:delivery|message)[^@:]{0,60}(?:failed|impossible)[^@]{0,60}: ?<?{A}>?"),
    _form("KDDI", r"could not be delivered to: ?<{A}>"),
    _form("Zoho", r"\[status: [^<]{0,60}<{A}>,?\s*{R}"),
    _form("X6", r"the following recipients? returned [a-z ]{0,40}errors?: <?{A}>?\.?\s*(?:reason: )?{R}"),
    _form("GroupWise", r"<?{A}>? \((?P<r>[^)]{2,200})\)\Z"),
    _form("Lists of fields",
          r"(?:final recipient|original recipient|failed recipient|recipient(?: address)?|rcpt(?: to)?|e-?mail(?: address)?|intended recipient|address"
          r"|user|mailbox|empfänger(?:adresse)?|adresse|destinataire|destinatario|destinatário|dirección|ontvanger|получатель|адрес|odbiorca|mottagare"
          r"|modtager|mottaker|vastaanottaja|příjemce|alıcı|宛先|送信先|受信者|收件人|받는사람|to|an|à|a|para|aan|кому|do|till|til)\s?(?:[:=：]|\bis\b)\s*(?:smtp:|rfc822;|mailto:)?\s?[<\"']?{A}",
          sure=False),
)  # fmt: skip

# Lines that begin the copy of the mail that came back: what stands below them is ours.
COPY = re.compile(
    r"^[ \t]{0,4}(?:[-=*_#]{2,80}[ \t]{0,4})?(?:"
    r"(?:the )?(?:(?:body|header|headers|text|start|copy) of )?(?:the |your )?(?:original|returned|unsent|undelivered|undeliverable|failed) (?:e-?mail|message|mail)(?: (?:headers?|text|info|source|details))?(?: (?:is |are )?(?:follows|following|below|attached))?[ \t.:]{0,4}(?:[-=*_]{2,80}.{0,20}|follows.{0,4})?"
    r"|original e?-?mail as follows[ \t.:]{0,3}|(?:original )?message (?:headers?|text|source) (?:follows?|below)[ \t.:]{0,3}(?:[-=*]{2,80})?"
    r"|(?:here|this|below|attached|included|what follows)[^\n]{0,40} (?:is|are) (?:a |the )?(?:copy of|copies of|your|header|headers)[^\n]{0,80}"
    r"|included is a copy of[^\n]{0,60}|the headers? of the original[^\n]{0,60}|no message was collected[^\n]{0,20}|your (?:original )?message (?:follows|reads)[^\n]{0,30}|unsent message (?:follows|below)[^\n]{0,20}"
    r"|below this line is[^\n]{0,60}|(?:the )?(?:original )?message (?:was|is) (?:included|attached)[^\n]{0,20}|return(?:ed)? message[ \t]{0,3}-{2,80}"
    r"|original message headers?:?|original headers?:?|message headers?:|header of (?:the )?original message:?"
    r"|(?:ursprüngliche|original)[^\n]{0,12}(?:nachricht|kopfzeilen|nachrichtenkopf)[^\n]{0,30}|kopfzeilen der[^\n]{0,40}|(?:die )?ursprüngliche[^\n]{0,40}"
    r"|(?:en-?t[êe]tes|entetes)[^\n]{0,40}|message d'origine[^\n]{0,20}|intestazioni[^\n]{0,40}|messaggio originale[^\n]{0,20}|encabezados[^\n]{0,40}|mensaje original[^\n]{0,20}|cabe[cç]alhos?[^\n]{0,40}|mensagem original[^\n]{0,20}"
    r"|oorspronkelijk[^\n]{0,40}|исходн[^\n]{0,40}|заголовки[^\n]{0,40}|oryginaln[^\n]{0,40}|nagłówki[^\n]{0,40}|ursprungligt? meddelande[^\n]{0,20}|oprindelig[^\n]{0,40}|opprinnelig[^\n]{0,40}|původní[^\n]{0,40}|özgün ileti[^\n]{0,40}"
    r"|元のメッセージ[^\n]{0,20}|original mail info[^\n]{0,20}|原邮件[^\n]{0,20}|原始邮件[^\n]{0,20}|元のメール[^\n]{0,20}"
    r")(?:[ \t]{0,4}[-=*_#]{2,80})?[ \t]{0,4}$",
    re.I | re.M,
)  # fmt: skip
# Or the copy begins without a word: two header lines of the trace, one below the other.
BARE_COPY = re.compile(
    r"^[ \t>]{0,4}(?:received: ?(?:from|by|\()|return-path: ?<|dkim-signature: |message-id: ?<|delivered-to: )[^\n]{0,2000}\n"
    r"(?:[ \t][^\n]{0,2000}\n){0,12}[ \t>]{0,4}[a-z\-]{2,40}: ",
    re.I | re.M,
)  # fmt: skip
EXIM_RULE = re.compile(r"^-{2,10} (?:this is a copy|body of message|the body of)[^\n]{0,120}$", re.I | re.M)

DAEMONS = (
    "mailer-daemon", "mailerdaemon", "mailer.daemon", "mail-daemon", "maildaemon", "mail.daemon", "postmaster", "post_master", "post.master", "mdaemon", "mail.delivery", "mail-delivery", "maildelivery", "mailsystem", "mail-system", "mail.system", "mailadmin",
    "microsoftexchange", "bounce", "no-reply-bounce", "daemon@", "mmdf@", "majordomo", "mailrouter", "smtp@", "mta@", "mtadaemon", "undeliver", "returned-mail", "errors@", "sysadmin@", "<>",
)  # fmt: skip
DAEMON_NAMES = (
    "mail delivery", "mail deliver system", "mailer daemon", "mailer-daemon", "delivery subsystem", "delivery system", "postmaster", "system administrator", "mail administrator", "mail system", "email system", "mail router", "systemadministrator", "administrateur", "mail daemon", "delivery notification", "delivery status", "internet mail", "mail server",
    "email delivery", "mail transfer", "mailserver", "amministratore", "microsoft outlook",
)  # fmt: skip
SUBJECTS = (
    "undeliver", "undelivered", "not delivered", "returned mail", "return mail", "mail returned", "returned message", "message returned", "returned to sender", "returning message", "return to sender", "delivery failure", "delivery failed", "delivery has failed", "failed delivery", "failure delivery", "failure notice", "failure notification", "failed mail", "failed message", "mail failure", "mail failed", "mail delivery failed", "mail delivery failure", "mail delivery problem", "delivery problem", "delivery error", "mail error", "mail system error", "delivery status notification", "delivery notification", "delivery report", "delivery status", "message status", "non-delivery", "nondelivery", "non delivery", "ndn:", "ndr:", "bounce", "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "was not delivered", "wasn't delivered", "unable to deliver", "message could not", "error sending", "failed to deliver", "rejected", "permanent error", "permanent delivery", "user unknown", "unknown user", "mailbox full", "message delayed", "delayed", "delivery delay", "delivery (delay)", "warning: could not send", "warning: message", "delivery warning", "message you sent blocked", "message blocked", "message not deliver", "mail not deliver", "mailbox unavailable", "message quarantined", "problem delivering", "rebound", "mail could not", "no delivery", "message delivery has", "postmaster notify", "address not found", "message expired", "considered unsolicited", "loop alert", "undelivrable", "mail delivery",
    "unzustellbar", "nicht zustellbar", "nicht zugestellt", "zustellung fehlgeschlagen", "zustellfehler", "zustellungsfehler", "zustellbenachrichtigung", "übermittlung fehlgeschlagen", "fehler bei der zustellung", "zurückgesandt", "verzögert", "unzustellbare", "konnte nicht",
    "non remis", "non délivré", "non distribu", "échec de la remise", "échec de remise", "échec de livraison", "échec d'envoi", "non livré", "impossible de remettre", "retour à l'expéditeur", "notification d'état", "remise différée", "retardé",
    "mancata consegna", "non recapitabile", "non recapitato", "non consegnato", "impossibile recapitare", "errore di consegna", "recapito non riuscito", "consegna fallita", "ritardo", "notifica di mancato", "notifica sullo stato",
    "no se puede entregar", "no entregado", "no se ha podido entregar", "no se pudo entregar", "error de entrega", "fallo de entrega", "fallo en la entrega", "devuelto", "no entregable", "entrega fallida", "retraso en la entrega", "notificación de estado",
    "não entregue", "não é possível entregar", "não pode ser entregue", "não foi entregue", "falha na entrega", "falha de entrega", "erro de entrega", "devolvid", "não foi possível entregar", "entrega falhou", "atraso na entrega", "notificação de status", "notificação do status",
    "onbestelbaar", "niet bezorgd", "niet afgeleverd", "kan niet worden bezorgd", "bezorging mislukt", "aflevering mislukt", "vertraagd", "status van aflevering",
    "недоставлен", "не доставлен", "не удалось доставить", "невозможно доставить", "ошибка доставки", "сбой доставки", "возврат", "возвращен", "задержка доставки", "уведомление о состоянии", "не может быть доставлено", "недоставк",
    "niedostarczon", "nie dostarczono", "nie można dostarczyć", "błąd dostarcz", "zwrot", "nie doręczono", "opóźnion", "niemożność dostarczenia", "powiadomienie o stanie",
    "kunde inte levereras", "gick inte att leverera", "ej levererat", "olevererbar", "leveransfel", "kan ikke leveres", "kunne ikke leveres", "ikke leveret", "ikke levert", "leveringsfejl", "leveringsfeil", "toimittamatta", "ei voitu toimittaa", "toimitus epäonnistui", "nedoruč", "nelze doručit", "doručení se nezdařilo", "teslim edilemedi", "teslim edilemeyen", "iletilemedi", "gönderilemedi",
    "配信不能", "配信できません", "送信できません", "未配信", "配達不能", "配信エラー", "送信エラー", "送信失敗", "配信失敗", "エラーメール", "メールエラー", "退信", "投递失败", "发送失败", "无法投递", "未送达", "邮件退回", "系统退信", "退回郵件", "無法傳遞", "无法传递", "반송", "발송 실패", "전송 실패", "배달되지", "배달할 수 없",
)  # fmt: skip
# What a notice says of itself; one of these and its sender make it one.
OPENINGS = (
    *SUBJECTS[:60], "could not be delivered", "couldn't be delivered", "couldn't deliver", "could not deliver", "cannot deliver", "unable to deliver", "was not able to deliver", "wasn't able to deliver", "not able to deliver", "was undeliverable", "were undeliverable", "have been unable to deliver", "did not reach", "didn't reach", "has not been delivered", "have not been delivered", "not be delivered", "fatal errors", "permanent error", "permanent failure", "permanent fatal", "failed permanently", "following address(es) failed", "following addresses failed", "following address failed", "following recipient", "following addresses had", "delivery to the following", "delivery problems", "had trouble delivering", "error occurred", "transcript of session", "transcript of the attempts", "failure reasons", "reason for failure", "returned the following error", "recipients were affected", "rejected your message", "was rejected", "has been rejected", "refused to accept your message", "unknown user:", "user mailbox exceeds", "message was blocked", "was blocked by", "not be sent", "could not be sent", "delivery has failed", "could not send", "returned message", "unknown recipient", "was not found in", "tried to deliver", "problem with the delivery", "problems delivering", "error message below", "the error was", "remote host said", "giving up on", "duplicated message-id", "invalid final delivery", "may not exist, or you may not have permission",
    "zugestellt werden", "nicht zustellen", "nicht gesendet werden", "fehlgeschlagen", "nicht erreicht", "nicht ausgeliefert", "n'a pas pu être", "n'ont pas pu être", "n'a pu être", "pas été remis", "pas été délivré", "impossible de", "n'a pas été", "non è stato possibile", "non è stato recapitato", "non può essere", "non ha potuto", "impossibile", "no se ha podido", "no se pudo", "no ha podido", "no pudo ser", "no se puede", "não pôde ser", "não foi possível", "não pode ser", "nao foi possivel", "não conseguimos", "kon niet worden", "kan niet worden", "niet worden afgeleverd", "niet worden bezorgd", "не может быть", "не удалось", "не было доставлено", "невозможно", "не доставлен", "nie może zostać", "nie mogła zostać", "nie mógł zostać", "nie udało się", "kunde inte", "kunne ikke", "kan ikke", "ei voitu", "nelze", "nemohla být", "nepodařilo", "edilemedi", "iletilemedi", "できません", "できなかった", "無法", "无法", "未能", "失败", "退回", "실패", "못했습니다", "없습니다",
)  # fmt: skip
# A notice that its sender will be tried again. These decide whatever else it says.
DELAYS = (
    "no action is required on your part", "do not need to resend", "do not need to retry", "need not resend", "warning message only", "will be retried", "will retry", "still trying", "will continue to try", "will keep trying", "continue to be attempted", "attempts will continue", "attempts to deliver the message will continue", "will try again", "try again for", "will continue trying", "continues to be attempted", "has not yet been delivered", "not yet been delivered", "not been delivered yet", "message still undelivered", "still being retried", "queued for later", "delivery is delayed", "delivery has been delayed", "delivery was delayed", "has been delayed", "have been delayed", "message is delayed", "is delayed", "temporarily undeliverable", "status: delayed", "will automatically retry", "delivery will be attempted", "message delayed", "transient non-fatal errors", "still in the queue", "will be attempted again", "retrying for another", "gmail will retry", "there was a temporary problem",
    "weiter versucht", "erneut versucht", "weiterhin versuch", "verzögert", "zustellversuche werden", "noch nicht zugestellt", "wird weiterhin", "keine aktion erforderlich", "kein handeln", "sera retenté", "tentatives se poursuiv", "nouvelle tentative", "remise différée", "a été retardé", "est retardé", "aucune action", "è stato ritardato", "in ritardo", "nuovi tentativi", "verrà ritentat", "nessuna azione", "se ha retrasado", "está retrasad", "seguirá intentando", "se volverá a intentar", "ninguna acción", "sofreu atraso", "está atrasad", "será tentad", "continuará tentando", "novas tentativas", "is vertraagd", "opnieuw geprobeerd", "blijven proberen", "задерж", "будут продолжен", "повторные попытки", "попытки доставки будут", "ещё не доставлен", "еще не доставлен", "opóźnion", "próby dostarczenia będą", "ponownych prób", "försenat", "försenad", "fortsätter att försöka", "forsinket", "forsøke igjen", "viivästy", "zpožděn", "další pokusy", "gecik", "遅延", "再送を試み", "引き続き配信", "延迟", "将继续尝试", "继续重试", "지연", "다시 시도",
)  # fmt: skip
# Unless it also says that it gave up.
GAVE_UP = (
    "permanent error", "permanent failure", "failed permanently", "permanent fatal", "giving up", "not going to try again", "given up", "no further attempts", "no further delivery attempts", "will not be retried", "will not try", "will not retry", "could not be delivered to one or more", "queued for too long", "action: failed", "delivery has failed", "has expired",
    "permanenter fehler", "endgültig", "erreur permanente", "définitiv", "errore permanente", "error permanente", "erro permanente", "permanente fout", "постоянная ошибка", "błąd trwały", "permanent fel",
)  # fmt: skip
