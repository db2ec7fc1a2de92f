"""The reasons of imports in English sentences: what is wrong, where, and what to do."""

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "address.missing": "There is no mail address in this row. Add one.",
    "address.several": "“{value}” holds more than one mail address. Keep one here.",
    "address.invalid": "“{value}” is not a mail address: {why} Correct it.",
    "import.row.wide": "The row has {cells} cells, the header {columns}. Put cells that contain the delimiter in quotes.",
    "import.row.cell_long": "A cell that begins in line {line} does not end before line {to}. Close its quote.",
    "import.row.quote_open": "A quote is opened in line {line} and never closed; everything to line {to} was inside it. Close it.",
    "import.row.text_long": "“{column}” is longer than {longest} characters. Shorten it.",
    "import.row.stage": "“{value}” is no stage of the lifecycle. Write a stage or an alias of one, or choose a stage for unknown words.",
    "import.row.erased": "This person asked to be erased and is not brought back.",
    "import.row.repeated": "{address} stands again further down. The rows are taken together; where they differ the last one counts.",
    "import.flag.role": "{address} belongs to a role and not to a person.",
    "import.flag.disposable": "{address} is one of those that are thrown away after use.",
    "import.flag.no_mail": "The domain of {address} takes no mail.",
    "import.flag.typo": "{address} looks mistyped. Did you mean {suggestion}?",
    "import.flag.held": "It comes in, and is written to when somebody lifts its suppression.",
    "import.value.number": "“{value}” in “{column}” is not a number.",
    "import.value.number_twofold": "“{value}” in “{column}” can be read in two ways. Write it without thousands separators.",
    "import.value.date": "“{value}” in “{column}” is not a date. Write it as 2026-03-31.",
    "import.value.date_twofold": "“{value}” in “{column}” can be two dates. Say whether the day or the month comes first, or write 2026-03-31.",
    "import.value.flag": "“{value}” in “{column}” is neither yes nor no.",
    "import.value.choice": "“{value}” in “{column}” is none of its choices: {choices}.",
    "import.value.long": "“{column}” is longer than {longest} characters. Shorten it.",
    "import.note.address": "The further address “{value}” is no mail address and was left out.",
    "import.note.address_flagged": "The further address {value} was left out for that.",
    "import.note.address_taken": "{address} belongs to another contact and stays there.",
    "import.note.stage_kept": "The contact is at “{stage}” and stays there; the file says “{asked}”. An import moves nobody.",
    "import.note.stage_unknown": "“{value}” is no stage of the lifecycle; the default stage was taken.",
    "import.note.no_basis": "No basis is given for the consent, so the contact may not be mailed.",
    "import.note.consent_withdrawn": "Consent to “{topic}” was withdrawn and stays so.",
    "import.note.consent_asked": "Consent to “{topic}” was asked for and is not confirmed yet; it stays so.",
    "import.note.consent_word": "“{value}” is neither yes nor no; no consent was taken from it.",
    "import.note.suppressed": "The address is suppressed; no consent to “{topic}” was taken.",
    "import.note.owner": "There is no user with the address “{value}”; the owner was left as it is.",
    "import.note.phone": "“{value}” is no telephone number and was left out.",
    "import.note.country": "The country “{value}” is not known and was left out. Write its ISO code, such as IT.",
    "import.note.locale": "The language “{value}” is not known and was left out. Write a tag such as pt-BR.",
    "import.note.origin": "The origin “{value}” is none of inbound, outbound, referral, import, and was left out.",
    "import.note.channel": "The channel “{value}” is none of mail, phone, meeting, and was left out.",
    "import.note.zone": "The time zone “{value}” is not known; the default is used in its place. Write a name such as Europe/Lisbon.",
    "import.note.domain": "“{value}” is no domain and was left out.",
    "import.unknown": "There is no import {id}.",
    "import.file.empty": "The file is empty. Export it again with its header and rows.",
    "import.file.binary": "The file is not text ({kind}). Open it in a spreadsheet and save it as “CSV UTF-8”.",
    "import.file.undecodable": "The file is not in {encoding}: it stops being readable at byte {byte}. Save it as “CSV UTF-8”.",
    "import.file.encoding_unknown": "“{encoding}” is no encoding. Leave it out, or give one such as utf-8 or cp1251.",
    "import.file.unreadable": "{path} cannot be read: {why}.",
    "import.file.line_long": "Line {line} is longer than a million characters. Check its quotes and line ends.",
    "import.file.no_header": "The first row holds an address ({value}) where column titles should stand. Add a row of titles.",
    "import.file.columns": "The header has {count} columns, at most {most} are read. Check the delimiter.",
    "import.file.gone": "{path} is not in the data folder any more. Import the file again.",
    "import.file.changed": "{path} was changed while it was imported. Import the file again.",
    "import.file.large": "The file is larger than {most} MB. Export it in parts, and bring one after the other.",
    "import.file.none": "No file was chosen. Choose one, and send the form again.",
    "import.file.no_rows": "The file has titles and nothing below them. Export it again with its rows.",
    "import.file.delimiter": "Choose one of the delimiters of the list.",
    "import.file.removed": "The file was removed. Import it again from its beginning.",
    "import.stale": "Somebody changed this import meanwhile, or it is under way. What you see now is how it is; choose again.",
    "import.no_programme": "Nobody can come in yet: {why}",
    "import.step_missing": "A step is still to be taken. Take it first.",
    "import.map.place": "Column {column} has no place any more. Choose one of the list.",
    "import.map.retired": "The field “{field}” is out of use, so nothing is written to it. Bring it back in the settings, or leave the column out.",
    "import.map.twice": "“{target}” is chosen for the columns {columns}. Choose it once, and leave the others out.",
    "import.map.no_address": "No column holds the mail address. Say which one does.",
    "import.field.kind": "“{column}” has no type. Choose one of the list.",
    "import.field.no_choices": "“{column}” is a choice and names too few. Write at least two, with commas between them.",
    "import.field.there": "A field “{field}” is there already. Choose it from the list.",
    "import.option.basis": "A consent needs its basis. Write what it rests on, such as “ticked at the fair, 12 Nov”.",
    "import.option.consent_from": "A consent needs its source. Write where you know it from, such as fair-2026.",
    "import.option.a_day": "How many a day? Write a whole number from 1 to 1,000,000.",
    "import.option.tags": "A tag is longer than {longest} characters, or there are more than {most}. Shorten the list.",
    "import.left.unsaid": "Bring the list of who left, or say that nobody did.",
    "import.map.column": "There is no column “{column}”. The file has: {columns}.",
    "import.map.target": "“{target}” is no place for a column. Known: {targets}.",
    "import.map.no_email": "No column holds the mail address. Say which one does, such as --map \"Contact=email\". The file has: {columns}.",
    "import.field.form": "“{text}” is no new field. Write it as --new-field \"Flats=flats:number\".",
    "import.field.type": "“{text}” names no type. Known: {types}.",
    "import.field.choices": "“{text}”: choices belong to a choice, such as \"Size=size:choice(small|large)\".",
    "import.field.reserved": "“{field}” is a built-in field. Choose another key.",
    "import.field.exists": "The field “{field}” is there already. Use --map to fill it.",
    "import.option.enroll": "“{given}” is no way to enroll. Write no, now, or a number such as 25 a day.",
    "import.option.unknown_stage": "“{given}” is not understood. Write reject or default.",
    "import.option.stage": "“{given}” is no stage of the lifecycle. Known: {stages}.",
    "import.option.consent_source": "A consent needs its source. Add --source, such as --source fair-2026.",
    "import.option.topic": "“{given}” is no topic. Known: {topics}.",
    "import.option.origin": "“{given}” is no origin. Known: {origins}.",
    "import.option.owner": "There is no user with the address “{given}”.",
}  # fmt: skip


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a reason; the code itself where none is written."""
    template = _SENTENCES.get(code)
    if template is None:
        return code
    return template.format_map({name: _shown(value) for name, value in params.items()})


def known_codes() -> frozenset[str]:
    return frozenset(_SENTENCES)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
