"""Which domains a tenant may call its own: their one spelling, and those that are nobody's alone. Pure."""

import re
from typing import Final

import idna

from airside.core.errors import InvalidInput

MAX_DOMAIN: Final = 253
"""Characters of a name (RFC 1035 §2.3.4)."""
CHALLENGE: Final = "_airside-challenge"
"""The label below which a domain's proof stands (RFC 8552)."""
PROOF: Final = "airside-domain="
"""What the proof begins with."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_REGISTRIES: Final = _set(
    """
    ac asn asso biz co com ed edu ens firm fin gen go gob gouv gov govt gub id idf inf info int k12 lg ltd mil muni
    name ne net nhs nic nom or ord org plc police pro sch school tm web
    """
)
"""Labels below which registries of countries give names to everybody, as in `co.uk` and `com.au`."""
_SHARED: Final = _set(
    """
    appspot.com azurewebsites.net blogspot.com cloudapp.net cloudfront.net ddns.net dyndns.org duckdns.org eu.org
    firebaseapp.com fly.dev github.io gitlab.io herokuapp.com hopto.org netlify.app no-ip.org onrender.com pages.dev
    pythonanywhere.com uk.com us.com de.com eu.com gb.com jpn.com railway.app sytes.net vercel.app web.app
    workers.dev wordpress.com zapto.org
    """
)
"""Domains that give names below themselves to whoever asks."""
_FREE_MAIL: Final = _set(
    """
    126.com 163.com aol.com btinternet.com comcast.net fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch
    gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr hotmail.it
    hushmail.com icloud.com inbox.com laposte.net libero.it live.com live.co.uk live.de live.fr mac.com mail.com
    mail.de mail.ru mailbox.org mailinator.com me.com msn.com naver.com orange.fr outlook.com outlook.de outlook.fr
    pm.me posteo.de proton.me protonmail.com qq.com rediffmail.com rocketmail.com seznam.cz sfr.fr t-online.de
    tutanota.com tuta.com virgilio.it wanadoo.fr web.de wp.pl yahoo.ca yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de
    yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com
    """
)
"""Providers of mailboxes for everybody: whoever has one there speaks for nobody else there."""
_NOT_PUBLIC: Final = _set(
    """
    alt arpa example home internal intranet invalid lan local localhost onion private test
    """
)
"""Top-level names that no public name server answers for, or for nobody in particular."""


def normalise(domain: str) -> str:
    """The ASCII form (IDNA 2008 with the UTS 46 mapping), as identity spells the domains of addresses.

    Raises:
        InvalidInput: no name of at least two labels.
    """
    text = domain.strip().removesuffix(".")
    if not 0 < len(text) <= MAX_DOMAIN:
        raise InvalidInput("not a domain", pointer="domain")
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise InvalidInput("not a domain", pointer="domain") from None
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput("not a domain", pointer="domain")
    return name


def demand_ownable(domain: str, *, private: bool = False) -> None:
    """Return if one organisation may have all mailboxes of `domain`, which is normalised. `private`: so may one below a
    top-level name that no public server answers for.

    Raises:
        InvalidInput: a registry's, a domain shared by strangers, a provider of mailboxes for everybody, or a name that
            isn't public.
    """
    labels = domain.split(".")
    below_country = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRIES
    if below_country or domain in _SHARED:
        raise InvalidInput("names below this domain belong to many", pointer="domain")
    if domain in _FREE_MAIL:
        raise InvalidInput("everybody can have a mailbox there", pointer="domain")
    if labels[-1] in _NOT_PUBLIC and not private:
        raise InvalidInput("not a public domain", pointer="domain")


def domain_of_any(email: str) -> str:
    """The domain of whatever somebody took for an address, in its one spelling; empty where there is none. That of an
    address which was read is told by `identity.email.domain_of`."""
    try:
        return normalise(email.rpartition("@")[2])
    except InvalidInput:
        return ""
