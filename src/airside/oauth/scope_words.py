"""What the scopes that every tenant has allow, in words for the people who are asked. Values only."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from airside.tenancy import PERMISSIONS
from airside.tenancy.policy import Language

OPEN: Final = ("openid", "profile", "email", "offline_access")
"""OpenID Connect Core §5.4 and §11: every client may be registered with them."""

_OPEN: Final[Mapping[str, Mapping[Language, str]]] = {
    "openid": {"en": "Know who you are.", "de": "Wissen, wer Sie sind."},
    "profile": {"en": "See your name.", "de": "Ihren Namen sehen."},
    "email": {"en": "See your e-mail address.", "de": "Ihre E-Mail-Adresse sehen."},
    "offline_access": {
        "en": "Stay connected while you are away.",
        "de": "Verbunden bleiben, während Sie nicht da sind.",
    },
}

_MANAGEMENT_IN_GERMAN: Final[Mapping[str, str]] = {
    "users:read": "Die Personen der Organisation sehen.",
    "users:write": "Personen anlegen, sperren und freigeben und ihre Passwörter setzen.",
    "members:read": "Sehen, wer welche Rolle hat.",
    "members:write": "Personen Rollen geben und nehmen.",
    "roles:read": "Die eigenen Rollen der Organisation sehen und was sie dürfen.",
    "roles:write": "Eigene Rollen der Organisation anlegen, ändern und löschen.",
    "sessions:read": "Sehen, wo Personen angemeldet sind.",
    "sessions:write": "Personen abmelden.",
    "clients:read": "Die Anwendungen sehen, die Zugriff erhalten.",
    "clients:write": "Anwendungen eintragen und sperren und ihre Geheimnisse erneuern.",
    "permissions:read": "Berechtigungsspeicher, ihre Modelle und Tupel lesen.",
    "permissions:write": "Berechtigungsspeicher, ihre Modelle und Tupel schreiben.",
    "permissions:check": "Berechtigungsspeicher befragen.",
    "revocations:read": "Verfolgen, was widerrufen wurde.",
    "audit:read": "Das Prüfprotokoll lesen.",
    "policies:read": "Sehen, was die Organisation bei der Anmeldung verlangt.",
    "policies:write": "Ändern, was die Organisation bei der Anmeldung verlangt.",
    "connections:read": "Die Verbindungen der Organisation zu Anmeldediensten sehen.",
    "connections:write": "Verbindungen anlegen oder andere dazu einladen.",
    "vault:encrypt": "Mit allen Schlüsseln des Tresors Werte versiegeln.",
    "vault:decrypt": "Mit allen Schlüsseln des Tresors Werte öffnen.",
    "vault:use": "Schlüssel und Geheimnisse des Tresors nutzen, die beim Namen gegeben wurden.",
    "vault:admin": "Schlüssel des Tresors anlegen und vernichten und sagen, wer sie nutzt.",
    "secrets:read": "Alle Geheimnisse des Tresors lesen.",
    "secrets:write": "Alle Geheimnisse des Tresors schreiben.",
    "api-keys:read": "API-Schlüssel und Dienstkonten der Organisation ansehen.",
    "api-keys:write": "Dienstkonten anlegen; API-Schlüssel ausstellen, erneuern und widerrufen.",
    "incidents:read": "Vorfälle sehen und was dagegen getan wurde.",
    "incidents:write": "Vorfälle führen; wer die Organisation verwaltet, kann auch eingreifen.",
    "webhooks:read": "Sehen, wo Anwendungen von Ereignissen erfahren und was daraus wurde.",
    "webhooks:write": "Bestimmen, wo Anwendungen von Ereignissen erfahren, und erneut senden.",
    "ssf.read": "Als Programm: die eigenen Ströme von Sicherheitsereignissen sehen.",
    "ssf.manage": "Als Programm: eigene Ströme von Sicherheitsereignissen anlegen, ändern und beenden.",
    "tenants:read": "Alle Organisationen sehen; nur bei den Betreibern.",
    "tenants:write": "Organisationen anlegen; nur bei den Betreibern.",
}

MANAGEMENT: Final = frozenset(PERMISSIONS)
"""Scopes of our own interfaces: never had by a client that nobody of the tenant registered."""

BUILT_IN: Final[Mapping[str, Mapping[Language, str]]] = MappingProxyType(
    {
        **_OPEN,
        **{name: {"en": each.description, "de": _MANAGEMENT_IN_GERMAN[name]} for name, each in PERMISSIONS.items()},
    }
)
"""By scope and language; every language is there."""
