"""Notices in the languages mailers write them in, made of wordings, causes and forms; charsets and transfer too."""

import base64
import quopri
from collections.abc import Iterator

from tests.inbound.returned.building import COPY, WHO, Sample, letter

# Language → charset of its older mailers, subject, opening, and the causes: no such user, full, refused.
WORDINGS = {
    "english": ("iso-8859-1", "Undeliverable mail", "Your message could not be delivered to:",
        "There is no such user here.", "The recipient's mailbox is full.", "The message was rejected as spam."),
    "german": ("iso-8859-1", "Unzustellbar: Ihr Leitfaden", "Ihre Nachricht konnte nicht zugestellt werden an:",
        "Der Empfänger ist unbekannt: kein Postfach dieses Namens.", "Das Postfach des Empfängers ist voll.", "Die Nachricht wurde als Spam abgelehnt."),
    "french": ("iso-8859-15", "Non remis : votre guide", "Votre message n'a pas pu être remis à :",
        "Utilisateur inconnu : cette adresse n'existe pas.", "La boîte aux lettres est pleine.", "Message refusé : courrier indésirable."),
    "italian": ("iso-8859-1", "Mancata consegna: la guida", "Non è stato possibile consegnare il messaggio a:",
        "Utente sconosciuto, la casella non esiste.", "La casella di posta è piena.", "Messaggio rifiutato perché considerato spam."),
    "spanish": ("iso-8859-1", "No se puede entregar: la guía", "No se pudo entregar su mensaje a:",
        "El usuario no existe en este dominio.", "El buzón está lleno.", "Rechazado como correo no deseado."),
    "portuguese": ("iso-8859-1", "Não foi possível entregar: o guia", "Sua mensagem não pôde ser entregue a:",
        "Usuário desconhecido neste domínio.", "A caixa de entrada está cheia.", "Recusada como spam."),
    "dutch": ("iso-8859-1", "Onbestelbaar: de gids", "Uw bericht kon niet worden bezorgd bij:",
        "Onbekende gebruiker.", "Het postvak is vol.", "Geweigerd als ongewenste reclame."),
    "russian": ("koi8-r", "Не удалось доставить: руководство", "Ваше письмо не может быть доставлено:",
        "Такого пользователя нет, адрес не найден.", "Почтовый ящик переполнен.", "Письмо отклонено как спам."),
    "polish": ("iso-8859-2", "Nie dostarczono: przewodnik", "Nie można dostarczyć wiadomości do:",
        "Nieznany użytkownik.", "Skrzynka odbiorcy jest pełna.", "Wiadomość odrzucona jako niechciana (spam)."),
    "swedish": ("iso-8859-1", "Kunde inte levereras: guiden", "Ditt meddelande kunde inte levereras till:",
        "Okänd användare, adressen finns inte.", "Brevlådan är full.", "Stoppat som skräppost."),
    "danish": ("iso-8859-1", "Kunne ikke leveres: guiden", "Din besked kunne ikke leveres til:",
        "Ukendt bruger.", "Indbakken er fuld.", "Afvist som spam."),
    "norwegian": ("iso-8859-1", "Kunne ikke leveres: veiledningen", "Meldingen kunne ikke leveres til:",
        "Ukjent bruker, adressen finnes ikke.", "Innboksen er full.", "Avvist som spam."),
    "finnish": ("iso-8859-1", "Toimitus epäonnistui: opas", "Viestiä ei voitu toimittaa vastaanottajalle:",
        "Tuntematon käyttäjä.", "Postilaatikko on täynnä.", "Hylätty roskapostina (spam)."),
    "czech": ("iso-8859-2", "Nelze doručit: příručka", "Zprávu se nepodařilo doručit na:",
        "Neznámý uživatel.", "Schránka je plná.", "Odmítnuto jako nevyžádaná pošta."),
    "turkish": ("iso-8859-9", "Teslim edilemedi: kılavuz", "İletiniz şu adrese teslim edilemedi:",
        "Böyle bir kullanıcı yok: bilinmeyen kullanıcı.", "Posta kutusu dolu.", "İleti spam olarak reddedildi."),
    "japanese": ("iso-2022-jp", "配信不能のお知らせ", "次の宛先に配信できませんでした。",
        "宛先のユーザーが見つかりません。", "受信者のメールボックスがいっぱいです。", "迷惑メールとして拒否されました。"),
    "chinese": ("gb2312", "系统退信", "您的邮件无法投递到以下收件人：",
        "用户不存在。", "收件人的邮箱已满。", "邮件被识别为垃圾邮件。"),
}  # fmt: skip
CAUSES = ("hard", "soft", "policy")
# Language → what a mailer says that will try again.
DELAYS = {
    "english": "It has not yet been delivered; the server will keep trying for four days.",
    "german": "Die Zustellung ist verzögert, sie wird weiterhin versucht. Es ist keine Aktion erforderlich.",
    "french": "La remise est retardée, nouvelle tentative automatique. Aucune action de votre part.",
    "italian": "Il messaggio è in ritardo; sono previsti nuovi tentativi.",
    "spanish": "La entrega se ha retrasado; el servidor seguirá intentando.",
    "portuguese": "A entrega sofreu atraso; o servidor continuará tentando.",
    "dutch": "De bezorging is vertraagd en wordt opnieuw geprobeerd.",
    "russian": "Доставка задерживается, повторные попытки продолжаются.",
    "polish": "Dostarczenie jest opóźnione, będą kolejne próby.",
    "swedish": "Leveransen är försenad; servern fortsätter att försöka.",
    "finnish": "Toimitus viivästyy, palvelin yrittää uudelleen.",
    "czech": "Doručení je zpožděno, server bude v pokusech pokračovat.",
    "turkish": "Teslimat gecikti, sunucu yeniden deneyecek.",
    "japanese": "配信が遅延しています。引き続き配信を試みます。",
    "chinese": "投递延迟，系统将继续尝试。",
}


def _forms(opening: str, said: str) -> Iterator[tuple[str, str]]:
    yield "list", f"{opening}\n\n  {WHO}\n\n{said}\n\n--- Original message ---\n\n{COPY}"
    yield "line", f"{opening}\n\n<{WHO}>: {said}\n\n{COPY}"
    yield (
        "html",
        f"<html><head><style>p {{color: red}}</style></head><body><p>{opening}</p><p><a href='mailto:{WHO}'>{WHO}</a></p><p>{said}</p></body></html>",
    )


def _sent(name: str, at: int, text: str, subject: str, charset: str) -> bytes:
    """The same text as mailers send it: plain, base64 or quoted-printable, in UTF-8 or the older charset."""
    kind = "text/html" if text.startswith("<html") else "text/plain"
    used = ("utf-8", charset, charset)[at % 3]
    octets = text.encode(used, "replace")
    packed, encoding = [
        (octets, "8bit"), (base64.encodebytes(octets), "base64"), (quopri.encodestring(octets), "quoted-printable"),
    ][at % 3]  # fmt: skip
    marked = f"=?utf-8?B?{base64.b64encode(subject.encode()).decode()}?="
    head = letter("", marked, Content_Type=f"{kind}; charset={used}", Content_Transfer_Encoding=encoding)
    return head + packed


def samples() -> Iterator[Sample]:
    for language, (charset, subject, opening, *causes) in WORDINGS.items():
        for class_, said in zip(CAUSES, causes, strict=True):
            for at, (form, text) in enumerate(_forms(opening, said)):
                raw = _sent(language, at, text, subject, charset)
                yield Sample(f"{language} {class_} {form}", raw, "bounce", class_)
        if language in DELAYS:
            raw = _sent(language, 0, f"{opening}\n\n{WHO}\n\n{DELAYS[language]}\n", subject, charset)
            yield Sample(f"{language} delay", raw, "delay", "soft")
