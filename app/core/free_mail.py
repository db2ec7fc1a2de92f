"""Domains where anybody may have a mailbox: an address there says nothing about a company."""

_DOMAINS = """
    126.com 163.com abv.bg alice.it aol.com bk.ru bluewin.ch bol.com.br btinternet.com centrum.cz
    fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
    hey.com home.nl hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl
    icloud.com inbox.lv inbox.ru interia.pl kpnmail.nl laposte.net libero.it list.ru live.com live.dk
    live.fr live.it live.nl mac.com mail.com mail.de mail.ru me.com msn.com onet.pl orange.fr
    outlook.com outlook.de outlook.es outlook.fr outlook.it pm.me posteo.de proton.me protonmail.com
    qq.com rambler.ru rocketmail.com sapo.pt seznam.cz sfr.fr t-online.de telenet.be tin.it
    tiscali.it tutanota.com ukr.net uol.com.br virgilio.it wanadoo.fr web.de wp.pl ya.ru yahoo.co.uk
    yahoo.com yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com ziggo.nl zoho.com
"""
FREE_MAIL = frozenset(_DOMAINS.split())


def company_domain(domain: str) -> str | None:
    """The domain that stands for a company, or None for a free-mail one. `domain` is an A-label."""
    return None if domain in FREE_MAIL else domain
