"""Countries by ISO 3166 code or by name, in the languages our customers' spreadsheets are in."""

import re
from functools import cache

from app.core.contacts.words import folded

_CODE = re.compile(r"[A-Z]{2}")

# Names in English, Italian, Portuguese, Dutch, German, French, Russian and the country's own.
_NAMES = """
AT austria|osterreich|autriche|oostenrijk|австрия|aut
BE belgium|belgio|belgica|belgie|belgique|belgien|бельгия|bel
BG bulgaria|bulgarije|bulgarie|bulgarien|болгария|bgr
BR brazil|brasile|brasil|brazilie|brasilien|bresil|бразилия|bra
BY belarus|bielorussia|wit rusland|weissrussland|bielorussie|беларусь|blr
CA canada|kanada|канада|can
CH switzerland|svizzera|suica|zwitserland|schweiz|suisse|швейцария|che
CY cyprus|cipro|chipre|zypern|chypre|кипр|cyp
CZ czech republic|czechia|repubblica ceca|cechia|tchequia|tsjechie|tschechien|tchequie|чехия|cesko|cze
DE germany|germania|alemanha|duitsland|deutschland|allemagne|германия|deu
DK denmark|danimarca|dinamarca|denemarken|danemark|дания|danmark|dnk
EE estonia|estland|estonie|эстония|eesti|est
ES spain|spagna|espanha|spanje|spanien|espagne|испания|espana|esp
FI finland|finlandia|finnland|finlande|финляндия|suomi|fin
FR france|francia|franca|frankrijk|frankreich|франция|fra
GB united kingdom|great britain|uk|england|regno unito|gran bretagna|reino unido|verenigd koninkrijk|groot brittannie|vereinigtes konigreich|grossbritannien|royaume uni|великобритания|scotland|wales|gbr
GR greece|grecia|griekenland|griechenland|grece|греция|ellada|grc
HR croatia|croazia|kroatie|kroatien|croatie|хорватия|hrvatska|hrv
HU hungary|ungheria|hungria|hongarije|ungarn|hongrie|венгрия|magyarorszag|hun
IE ireland|irlanda|ierland|irland|irlande|ирландия|irl
IS iceland|islanda|islandia|ijsland|island|islande|исландия|isl
IT italy|italia|italie|italien|италия|ita
LI liechtenstein|лихтенштейн|lie
LT lithuania|lituania|litouwen|litauen|lituanie|литва|lietuva|ltu
LU luxembourg|lussemburgo|luxemburgo|luxemburg|люксембург|lux
LV latvia|lettonia|letonia|letland|lettland|lettonie|латвия|latvija|lva
MD moldova|moldavia|moldavie|moldawien|молдова|mda
MT malta|malte|мальта|mlt
NL netherlands|the netherlands|holland|paesi bassi|olanda|paises baixos|holanda|nederland|niederlande|pays bas|нидерланды|голландия|nld
NO norway|norvegia|noruega|noorwegen|norwegen|norvege|норвегия|norge|nor
PL poland|polonia|polen|pologne|польша|polska|pol
PT portugal|portogallo|португалия|prt
RO romania|roemenie|rumanien|roumanie|румыния|rou
RS serbia|servie|serbien|serbie|сербия|srbija|srb
RU russia|russian federation|rusland|russland|russie|россия|российская федерация|рф|rus
SE sweden|svezia|suecia|zweden|schweden|suede|швеция|sverige|swe
SI slovenia|eslovenia|slovenie|slowenien|словения|slovenija|svn
SK slovakia|slovacchia|eslovaquia|slowakije|slowakei|slovaquie|словакия|slovensko|svk
TR turkey|turkiye|turchia|turquia|turkije|turkei|turquie|турция|tur
UA ukraine|ucraina|ucrania|oekraine|украина|ukraina|ukr
US united states|united states of america|usa|stati uniti|estados unidos|verenigde staten|vereinigte staaten|etats unis|сша
"""

_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE
    IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE
    VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_ISO = frozenset(_CODES.split())


def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code in capitals; None: not understood."""
    code = text.strip().upper()
    if _CODE.fullmatch(code) and code in _ISO:
        return code
    return _by_name().get(folded(text))


@cache
def _by_name() -> dict[str, str]:
    lines = (line.split(" ", 1) for line in _NAMES.strip().splitlines())
    return {folded(name): code for code, names in lines for name in names.split("|")}
