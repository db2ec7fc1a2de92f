"""What people write back, in their language, by occasion."""

REPLIES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "question": (
            "Thank you, that was useful. Does this also work where half of the radiators still have evaporator tubes?",
            "Good read. How do you deal with flats whose meters cannot be reached by radio?",
            "We bill 14 houses from one spreadsheet and it takes all of January. Where would one begin?",
        ),
        "interested": (
            "This fits us. Can you call me on Thursday after ten? We would like to see it with one of our own houses.",
            "Our board meets on the 3rd. Could you send me what a trial in one building would involve before that?",
            "We have 380 apartments and a contract that ends in March. Please give me a call this week.",
        ),
        "later": (
            "Not this winter, we have just changed the boilers. Write again in spring, please.",
            "The budget for this year is gone. In January we can talk.",
        ),
        "no": (
            "We have decided to stay with our present supplier. Thank you for the material all the same.",
            "Too large a system for our eleven houses. Good luck.",
        ),
        "away": (
            "I am out of the office until Monday and will answer then. In urgent cases please call our desk.",
        ),
    },
    "it": {
        "question": (
            "Grazie, molto utile. Funziona anche dove metà dei radiatori ha ancora i vecchi ripartitori?",
            "Interessante. Come fate con gli appartamenti dove il segnale radio non arriva?",
            "Gestiamo 22 condomìni con un foglio di calcolo e ogni gennaio è un incubo. Da dove si comincia?",
        ),
        "interested": (
            "Fa al caso nostro. Mi può chiamare giovedì dopo le dieci? Vorremmo vederlo su un nostro edificio.",
            "L'assemblea è il 3. Può mandarmi prima come funziona la prova in un solo edificio?",
            "Abbiamo 380 appartamenti e un contratto che scade a marzo. Mi chiami questa settimana.",
        ),
        "later": (
            "Non quest'inverno: abbiamo appena cambiato le caldaie. Mi riscriva in primavera.",
            "Il budget di quest'anno è finito. A gennaio ne parliamo.",
        ),
        "no": ("Abbiamo deciso di restare con il fornitore attuale. Grazie comunque per il materiale.",),
        "away": ("Sono fuori ufficio fino a lunedì e risponderò al mio rientro.",),
    },
    "pt-BR": {
        "question": (
            "Obrigada, foi útil. Funciona também em prédios com medidores antigos, sem rádio?",
            "Gostei do texto. E quando o sinal não chega até o apartamento?",
            "Cuidamos de 18 condomínios numa planilha só, e janeiro é um sufoco. Por onde a gente começa?",
        ),
        "interested": (
            "É o que procuramos. Você pode me ligar na quinta, depois das dez? Queremos ver com um prédio nosso.",
            "A assembleia é no dia 3. Pode me mandar antes como seria o teste em um prédio?",
            "Temos 380 apartamentos e um contrato que vence em março. Me ligue esta semana, por favor.",
        ),
        "later": ("Agora não: acabamos de trocar as caldeiras. Escreva de novo em alguns meses.",),
        "no": ("Decidimos continuar com o fornecedor atual. Obrigado pelo material mesmo assim.",),
        "away": ("Estou fora do escritório até segunda-feira e respondo quando voltar.",),
    },
    "nl": {
        "question": (
            "Dank u, daar heb ik wat aan. Werkt dit ook waar de helft van de radiatoren nog verdampingsmeters heeft?",
            "Goed stuk. Hoe gaat u om met woningen waar het radiosignaal niet komt?",
            "Wij rekenen 14 complexen af met één spreadsheet; heel januari gaat eraan op. Waar begint u dan?",
        ),
        "interested": (
            "Dit past bij ons. Kunt u mij donderdag na tienen bellen? We zien het graag op een eigen complex.",
            "Ons bestuur vergadert op de 3e. Kunt u me daarvoor sturen wat een proef in één gebouw inhoudt?",
            "Wij hebben 380 woningen en een contract dat in maart afloopt. Belt u me deze week?",
        ),
        "later": ("Deze winter niet, de ketels zijn net vervangen. Schrijft u in het voorjaar nog eens?",),
        "no": ("We blijven bij onze huidige leverancier. Toch bedankt voor de stukken.",),
        "away": ("Ik ben tot maandag niet op kantoor en antwoord daarna.",),
    },
    "ru": {
        "question": (
            "Спасибо, полезно. А если на половине радиаторов ещё старые испарительные распределители?",
            "Хороший материал. Что делать с квартирами, куда не доходит радиосигнал?",
            "Мы считаем 14 домов в одной таблице, уходит весь январь. С чего обычно начинают?",
        ),
        "interested": (
            "Нам это подходит. Позвоните, пожалуйста, в четверг после десяти: хотим посмотреть на своём доме.",
            "Правление собирается третьего числа. Пришлите до этого, что нужно для пробы в одном доме.",
            "У нас 380 квартир, договор кончается в марте. Позвоните на этой неделе.",
        ),
        "later": ("Не этой зимой: мы только что сменили котлы. Напишите весной.",),
        "no": ("Остаёмся с нынешним поставщиком. За материалы спасибо.",),
        "away": ("Меня нет в офисе до понедельника, отвечу после возвращения.",),
    },
}

# Pages of the company's own site, and what they are about.
PAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pricing", ("pricing",)), ("how-it-works", ("sub-metering",)), ("comparison", ("comparison",)),
    ("leak-alerts", ("leaks",)), ("customers", ()),
)  # fmt: skip

# What sales note when a task is done, by its kind.
RESULTS: dict[str, tuple[str, ...]] = {
    "call": (
        "Talked for twenty minutes: the bills of last winter were late, and they know it.",
        "Reached the second time. Wants the comparison before the board meets.",
        "Good talk. They will show us one of their buildings.",
        "Short call; asked us to write again next week.",
    ),
    "reply": ("Answered with the sheet for one building.", "Wrote back and proposed two dates for a call."),
    "decide": ("No answer after the last call; let go for now.",),
}
