"""Records in other systems' words: CEF and OCSF, a line each. Whatever a record says stays inside its field (N37)."""

import ipaddress
from importlib.metadata import version
from typing import Final

from airside.audit.kinds import KINDS, OCSF, UNKNOWN, Class, severity
from airside.audit.model import Found, Record
from airside.core.clock import epoch
from airside.core.ids import EVENT, TENANT, format_id
from airside.core.strict_json import Json, dumps, loads_object

PRODUCT: Final = "Airside"
VERSION: Final = version("airside")
_CEF_SEVERITY: Final = {1: 2, 2: 4, 4: 8}
"""Of CEF's eleven, for each of OCSF's that we use."""
_REPLACEMENT: Final = "\ufffd"
_STATUS: Final = {"success": (1, "Success")}
_FAILURE: Final = (2, "Failure")
_NOBODY: Final = "unknown"


def write_cef(found: Found) -> bytes:
    """One line of the Common Event Format, version 0, with its newline; UTF-8.

    In the header backslash and pipe are escaped, in the extension backslash, equals sign and line breaks; what can't be
    printed becomes U+FFFD, so that one record is one line and no value begins another field.
    """
    record = found.record
    rank = _CEF_SEVERITY[severity(record.event, record.outcome)]
    header = "|".join(_header(part) for part in (PRODUCT, PRODUCT, VERSION, record.event, _name(record), str(rank)))
    fields = " ".join(f"{name}={_extension(value)}" for name, value in _cef_fields(found) if value)
    return f"CEF:0|{header}|{fields}\n".encode()


def write_ocsf(found: Found) -> bytes:
    """One OCSF event as a line of JSON, with its newline: the class and activity that `kinds` names."""
    record = found.record
    kind = KINDS.get(record.event, UNKNOWN)
    status_id, status = _STATUS.get(record.outcome, _FAILURE)
    event: dict[str, Json] = {
        "activity_id": kind.activity,
        "category_uid": kind.of // 1000,
        "class_uid": int(kind.of),
        "type_uid": kind.of * 100 + kind.activity,
        "activity_name": record.event.rpartition(":")[2],
        "severity_id": severity(record.event, record.outcome),
        "time": _milliseconds(record),
        "status_id": status_id,
        "status": status,
        "status_detail": record.reason,
        "message": record.event,
        "metadata": {
            "version": OCSF,
            "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": VERSION},
            "uid": format_id(EVENT, record.record_id),
            "correlation_uid": record.request_id,
            "tenant_uid": format_id(TENANT, record.tenant_id),
            "event_code": record.event,
        },
        "actor": {"user": {"uid": record.actor or _NOBODY}},
        "src_endpoint": _endpoint(found.origin),
        "unmapped": _unmapped(found),
    }
    return dumps(event | _of_class(kind.of, record)) + b"\n"


def _of_class(of: Class, record: Record) -> dict[str, Json]:
    """What the class demands beside what every event has."""
    user: dict[str, Json] = {"uid": record.subject or record.actor or _NOBODY}
    match of:
        case Class.AUTHENTICATION:
            return {"user": user, "service": {"name": PRODUCT}}
        case Class.ACCOUNT_CHANGE:
            return {"user": user}
        case Class.USER_ACCESS:
            return {"user": user, "privileges": [record.event]}
        case Class.ENTITY_MANAGEMENT:
            kind = record.event.split(":")[1]
            return {"entity": {"uid": record.subject or _NOBODY, "type": kind}}
        case Class.API_ACTIVITY:
            return {"api": {"operation": record.event}, "resources": [{"uid": record.subject or _NOBODY}]}


def _endpoint(origin: str | None) -> dict[str, Json]:
    return {"name": origin or _NOBODY} if _address(origin) is None else {"ip": origin}


def _unmapped(found: Found) -> Json:
    personal: Json = None if found.personal is None else dict(found.personal)
    return {
        "outcome": found.record.outcome,
        "details": loads_object(found.record.details.encode()),
        "personal": personal,
    }


def _cef_fields(found: Found) -> list[tuple[str, str]]:
    record, address = found.record, _address(found.origin)
    personal = dumps(dict(found.personal)).decode() if found.personal else ""
    fields = [
        ("rt", str(_milliseconds(record))),
        ("externalId", format_id(EVENT, record.record_id)),
        ("suid", record.actor),
        ("duid", record.subject),
        ("outcome", record.outcome),
        ("reason", record.reason),
    ]
    if isinstance(address, ipaddress.IPv6Address):
        fields += [("c6a2Label", "Source IPv6 Address"), ("c6a2", found.origin or "")]
    else:
        fields.append(("shost" if address is None else "src", found.origin or ""))
    custom = (
        ("requestId", record.request_id),
        ("tenantId", format_id(TENANT, record.tenant_id)),
        ("details", record.details),
        ("personal", personal),
    )
    for number, (label, value) in enumerate(custom, 1):
        if value:
            fields += [(f"cs{number}Label", label), (f"cs{number}", value)]
    return fields


def _name(record: Record) -> str:
    return record.event.replace(":", " ").replace("_", " ")


def _header(text: str) -> str:
    return _printable(text).replace("\\", "\\\\").replace("|", "\\|")


def _extension(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return _printable(escaped)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else _REPLACEMENT for c in text)


def _address(origin: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(origin or "")
    except ValueError:
        return None


def _milliseconds(record: Record) -> int:
    return epoch(record.at) * 1000 + record.at.microsecond // 1000
