"""Where the made-up people live: countries, cities, names and how houses are called there. All of it invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Market:
    """One country and language. `share` of all people; surnames are (his, hers) where they differ."""

    key: str
    locale: str
    accept: str
    country: str
    zone: str
    share: int
    owner: str
    cities: tuple[str, ...]
    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[str, ...]
    houses: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    titles: tuple[tuple[str, str], ...]
    network: str
    freemail: str

    def surname(self, place: int, hers: bool) -> str:
        his, _, her = self.surnames[place % len(self.surnames)].partition("/")
        return her if hers and her else his


def _(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ASSOCIATION, COOPERATIVE, MANAGER = "housing association", "housing cooperative", "property management"
_NORTH = (
    ("Operations manager", "operations"), ("Head of property administration", "operations"),
    ("Finance manager", "billing"), ("Billing specialist", "billing"), ("Board member", "board"),
    ("Director", "board"), ("Technical manager", "operations"), ("Caretaker", ""),
)  # fmt: skip

MARKETS = (
    Market(
        "dk", "en", "en-GB,en;q=0.9,da;q=0.8", "DK", "Europe/Copenhagen", 10, "jonas",
        _("Aarhus Odense Aalborg Esbjerg Kolding Vejle Roskilde Horsens"),
        _("Mikkel Emil Rasmus Søren Anders Jeppe Troels Kasper"),
        _("Freja Birgit Mette Signe Karen Astrid Lone Ditte"),
        _("Holm Friis Krag Lund Bruun Dam Toft Vestergård Kjær Skov"),
        (("Boligforeningen {}", ASSOCIATION), ("{} Ejendomme", MANAGER), ("Andelsforeningen {}", COOPERATIVE)),
        _("Solbakken Fjordhøj Lyngparken Kildevang Møllehaven Strandlunden Elmegård Nørrevang Bøgeparken Havrevænget"),
        _NORTH, "203.0.113", "postkassen.example",
    ),
    Market(
        "ie", "en", "en-IE,en;q=0.9", "IE", "Europe/Dublin", 9, "jonas",
        _("Dublin Cork Galway Limerick Waterford Kilkenny Sligo"),
        _("Declan Eoin Brendan Cormac Niall Oisín Fergus"),
        _("Aoife Niamh Sinéad Orla Gráinne Ciara Maeve"),
        _("Byrne Doyle Keane Nolan Tierney Quigley Hanlon Roche Devlin"),
        (("{} Housing Association", ASSOCIATION), ("{} Property Management", MANAGER), ("{} Homes", COOPERATIVE)),
        _("Ashgrove Millbrook Larchfield Rathmore Oakleigh Riverside Glenwood Fernhill Kilbarron"),
        _NORTH, "203.0.113", "letterbox.example",
    ),
    Market(
        "de", "en", "en-GB,en;q=0.9,de;q=0.8", "DE", "Europe/Berlin", 9, "jonas",
        _("Hamburg Leipzig Kassel Rostock Dortmund Freiburg Erfurt"),
        _("Jannik Henning Torsten Matthias Lukas Volker Steffen"),
        _("Silke Annika Heike Katrin Ulrike Johanna Wiebke"),
        _("Brandt Ostermann Reinhold Vogt Kessler Wendland Dietz Albrecht"),
        (("Wohnungsgenossenschaft {}", COOPERATIVE), ("Hausverwaltung {}", MANAGER), ("{} Wohnen", ASSOCIATION)),
        _("Lindenhof Amselgrund Wiesenblick Eichkamp Heidekrug Sonnenrain Birkenau Mühlwinkel"),
        _NORTH, "203.0.113", "briefkasten.example",
    ),
    Market(
        "it", "it", "it-IT,it;q=0.9,en;q=0.6", "IT", "Europe/Rome", 22, "chiara",
        _("Milano Torino Bologna Verona Genova Padova Trento Bergamo Parma Firenze"),
        _("Luca Matteo Davide Stefano Andrea Paolo Giorgio Fabio"),
        _("Giulia Chiara Elena Francesca Silvia Laura Marta Paola"),
        _("Galli Fontana Moretti Rinaldi Colombo Cattaneo Barbieri Marchetti Serra Villa Testa"),
        (("Amministrazioni {}", MANAGER), ("Studio {}", MANAGER), ("Cooperativa {}", COOPERATIVE), ("Casa {}", ASSOCIATION)),
        _("Belmonte Pianalta Rocchetta Ventura Corteverde Fontechiara Sanvito Trebbia Olmeto Lungarno Montebello Acquachiara"),
        (
            ("Amministratore di condominio", "operations"), ("Amministratrice", "operations"),
            ("Responsabile tecnico", "operations"), ("Responsabile contabilità", "billing"),
            ("Contabile", "billing"), ("Presidente", "board"), ("Consigliere", "board"), ("Geometra", ""),
        ),
        "198.51.100", "casellaposta.example",
    ),
    Market(
        "br", "pt-BR", "pt-BR,pt;q=0.9,en;q=0.5", "BR", "America/Sao_Paulo", 9, "rafael",
        ("São Paulo", "Curitiba", "Porto Alegre", "Campinas", "Belo Horizonte", "Florianópolis"),
        _("Rafael Thiago Bruno Marcelo Gustavo Rodrigo Leandro"),
        _("Camila Fernanda Juliana Patrícia Letícia Renata Beatriz"),
        _("Duarte Nogueira Teixeira Barbosa Cardoso Moreira Pacheco Siqueira Vasconcelos"),
        (("Administradora {}", MANAGER), ("Condomínios {}", MANAGER), ("Habitação {}", COOPERATIVE)),
        ("Ipê-Roxo", "Jequitibá", "Aroeira", "Bela Serra", "Pedra Clara", "Mirante Azul", "Vale das Acácias", "Pau-Ferro"),
        (
            ("Gestão condominial", "operations"), ("Gerente de condomínios", "operations"),
            ("Gerente financeiro", "billing"), ("Analista de cobrança", "billing"), ("Diretoria", "board"),
            ("Conselheiro", "board"), ("Zelador", ""),
        ),
        "198.51.100", "correio-livre.example",
    ),
    Market(
        "pt", "pt-BR", "pt-BR,pt;q=0.9", "PT", "Europe/Lisbon", 8, "rafael",
        _("Lisboa Porto Braga Coimbra Setúbal Aveiro"),
        _("Tiago Miguel Henrique Vasco Nuno Caio"),
        _("Inês Sofia Helena Larissa Marina Isabela"),
        _("Carvalho Antunes Figueira Lacerda Peixoto Sarmento Queirós Brandão"),
        (("Administração {}", MANAGER), ("{} Condomínios", MANAGER), ("Cooperativa {}", COOPERATIVE)),
        ("Alto da Serra", "Ribeira Nova", "Vale Verde", "Quinta do Sol", "Monte Claro", "Foz Antiga", "Campo Largo"),
        (
            ("Gestor de condomínios", "operations"), ("Gerente", "operations"), ("Diretor financeiro", "billing"),
            ("Contabilista", "billing"), ("Presidente do conselho", "board"), ("Porteiro", ""),
        ),
        "198.51.100", "caixapostal.example",
    ),
    Market(
        "nl", "nl", "nl-NL,nl;q=0.9,en;q=0.6", "NL", "Europe/Amsterdam", 15, "sanne",
        _("Utrecht Groningen Zwolle Tilburg Haarlem Arnhem Leiden Deventer Breda"),
        _("Daan Sander Jeroen Bas Maarten Thijs Wouter Ruben"),
        _("Sanne Lotte Anouk Femke Marieke Ilse Roos Esther"),
        ("de Boer", "Peeters", "van Dijk", "Hoekstra", "Vermeer", "Kuiper", "Postma", "van der Wal", "Smeets", "Bakker"),
        (("Woonstichting {}", ASSOCIATION), ("{} Vastgoedbeheer", MANAGER), ("VvE-beheer {}", MANAGER)),
        ("De Wilgenhof", "Het Lage Veld", "Oosterkade", "De Gouden Linde", "Rietland", "Noorderhof", "Molenwerf", "De Kruisweg", "Hoge Es"),
        (
            ("Manager vastgoedbeheer", "operations"), ("Hoofd techniek", "operations"), ("Controller", "billing"),
            ("Medewerker servicekosten", "billing"), ("Bestuurder", "board"), ("Directeur", "board"), ("Huismeester", ""),
        ),
        "203.0.113", "brievenbus.example",
    ),
    Market(
        "be", "nl", "nl-BE,nl;q=0.9,fr;q=0.6", "BE", "Europe/Brussels", 5, "sanne",
        _("Gent Antwerpen Leuven Mechelen Brugge Hasselt"),
        _("Pieter Joris Koen Dries Stijn"),
        _("Lies Hanne Katrien Veerle Griet"),
        ("Claes", "Wouters", "De Smet", "Goossens", "Van den Broeck", "Lambrecht"),
        (("Syndicus {}", MANAGER), ("Woonmaatschappij {}", ASSOCIATION)),
        ("Leiebocht", "Zuidpoort", "De Kastanje", "Groenhove", "Kanaalzicht", "Vierwinden"),
        (
            ("Syndicus", "operations"), ("Manager gebouwen", "operations"), ("Boekhouder", "billing"),
            ("Bestuurder", "board"), ("Conciërge", ""),
        ),
        "203.0.113", "brievenbus.example",
    ),
    Market(
        "ee", "ru", "ru-RU,ru;q=0.9,et;q=0.6", "EE", "Europe/Tallinn", 7, "irina",
        ("Таллин", "Нарва", "Кохтла-Ярве", "Маарду", "Силламяэ"),
        _("Алексей Дмитрий Сергей Игорь Павел Андрей"),
        _("Ирина Ольга Наталья Елена Марина Светлана"),
        _("Белов/Белова Орлов/Орлова Лебедев/Лебедева Тихонов/Тихонова Гаврилов/Гаврилова Соколов/Соколова"),
        (("Товарищество «{}»", COOPERATIVE), ("Управляющая компания «{}»", MANAGER)),
        ("Липовый двор", "Северный берег", "Янтарный", "Новый квартал", "Садовая", "Приморский"),
        (
            ("Управляющий домами", "operations"), ("Председатель правления", "board"), ("Бухгалтер", "billing"),
            ("Главный инженер", "operations"), ("Член правления", "board"), ("Сантехник", ""),
        ),
        "198.51.100", "pochta.example",
    ),
    Market(
        "lv", "ru", "ru-RU,ru;q=0.9,lv;q=0.6", "LV", "Europe/Riga", 6, "irina",
        ("Рига", "Даугавпилс", "Лиепая", "Елгава", "Резекне"),
        _("Виктор Михаил Роман Артём Никита"),
        _("Анна Татьяна Людмила Юлия Вера"),
        _("Кузнецов/Кузнецова Журавлёв/Журавлёва Карпов/Карпова Дорофеев/Дорофеева Ершов/Ершова Зайцев/Зайцева"),
        (("Кооператив «{}»", COOPERATIVE), ("Дом-сервис «{}»", MANAGER), ("Жилищное общество «{}»", ASSOCIATION)),
        ("Даугава", "Кленовая роща", "Речной", "Зелёный двор", "Старый парк", "Маяк"),
        (
            ("Отдел эксплуатации", "operations"), ("Начальник расчётного отдела", "billing"), ("Бухгалтер", "billing"),
            ("Председатель", "board"), ("Техник", ""),
        ),
        "198.51.100", "pochta.example",
    ),
)  # fmt: skip
