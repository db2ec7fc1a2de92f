"""What a person wrote, without the mail they quote and without the signature of their telephone."""

import re

MAX_TEXT = 50_000
WROTE = (
    "wrote:", "writes:", "schrieb:", "schrieb am", "a écrit :", "a écrit:", "ha scritto:", "scrisse:", "escribió:", "escribio:", "escreveu:", "schreef:", "schreef op", "написал:", "написала:", "написал(а):", "пишет:", "napisał:", "napisał(a):", "napisała:", "pisze:", "skrev:", "kirjoitti:", "napsal:", "napsal(a):", "şunu yazdı:", "yazdı:", "のメール:", "書きました:", "写道:", "写道：", "寫道：", "작성:",
)  # fmt: skip
BEGINS_WROTE = (
    "on ", "am ", "le ", "il giorno ", "il ", "el ", "em ", "op ", "den ", "dnia ", "w dniu ", "på ", "fre", "man", "ons", "tir", "tor", "lør", "søn", "mån", "tis", "lör", "sön", "ma ", "ti ", "ke ", "dne ", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "20", "在", "于",
)  # fmt: skip
RULES = re.compile(
    r"^[ \t>*]{0,6}(?:-{2,20}|_{5,80}|={5,80})[ \t]{0,4}(?:(?:original|forwarded|begin forwarded|reply|ursprüngliche|weitergeleitete|message d'origine|messaggio originale|mensaje original|mensagem original|oorspronkelijk|исходное|пересылаем|oryginaln|wiadomość|ursprungligt|oprindelig|opprinnelig|alkuperäinen|původní|özgün|元の|原始|原邮件|转发)[^\n]{0,60})?(?:-{2,20})?[ \t]*$",
    re.I | re.M,
)  # fmt: skip
FROM = re.compile(
    r"^[ \t*]{0,4}(?:from|von|de|da|van|от|od|från|fra|lähettäjä|kimden|差出人|发件人|寄件者|보낸 사람)[*]?[ \t]?[:：][^\n]{1,300}\n(?:[^\n]{0,300}\n){0,2}?[ \t*]{0,4}(?:sent|date|gesendet|datum|envoyé|inviato|data|enviado|fecha|enviada|verzonden|отправлено|дата|wysłano|skickat|sendt|dato|lähetetty|odesláno|gönderme|gönderildi|送信日時|日付|发送时间|日期|寄件日期|보낸 날짜|to|an|à|a)[*]?[ \t]?[:：]",
    re.I | re.M,
)  # fmt: skip
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
VERBS = ("schrieb", "schreef", "skrev", "wrote", "écrit", "scrive")
SIGNATURES = (
    "sent from my", "get outlook for", "von meinem iphone gesendet", "gesendet von", "envoyé de mon", "envoyé depuis", "inviato da", "enviado desde mi", "enviado do meu", "verstuurd vanaf", "verzonden vanaf", "отправлено с", "wysłane z", "skickat från", "sendt fra", "lähetetty", "odesláno z", "iphone'umdan", "iphoneから送信", "发自我的",
)  # fmt: skip


def written(text: str) -> str:
    """The text above and between the quotes. What a person writes below a quote is kept."""
    shown = text[:MAX_TEXT].replace("\r", "\n").replace("\u200b", "")
    places = [found.start() for pattern in (RULES, FROM) if (found := pattern.search(shown))]
    if places and shown[: min(places)].strip():
        shown = shown[: min(places)]
    kept: list[str] = []
    lines = shown.split("\n")
    at = 0
    while at < len(lines):
        line, here = lines[at], at
        at += 1
        if line.lstrip().startswith((">", "|")):
            continue
        opened = _opening(lines, here)
        if opened:
            at = here + opened
            rest = [each for each in lines[at:] if each.strip()]
            # Without marks before its lines, all that follows is the quote.
            if not any(each.lstrip().startswith((">", "|")) for each in rest[:8]):
                break
            continue
        if line.rstrip() in ("--", "-- ") or line.strip().lower().startswith(SIGNATURES):
            break
        kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _opening(lines: list[str], at: int) -> int:
    """How many lines from here on, up to three, are `On … wrote:`; 0 for none."""
    here = lines[at].strip().lower()
    if not here or not (here.startswith(BEGINS_WROTE) or "@" in here or here[0].isdigit()):
        return 0
    for count in range(1, min(3, len(lines) - at) + 1):
        joined = " ".join(line.strip() for line in lines[at : at + count]).lower().replace("\xa0", " ")
        if len(joined) > 400:
            return 0
        # Others put the name last: “Am 5.10.2026 schrieb Anna <anna@example.com>:”.
        named = "@" in joined or any(f" {verb} " in joined for verb in VERBS)
        if joined.endswith(WROTE) or (joined.endswith((":", "：")) and named and YEAR.search(joined)):
            return count
    return 0
