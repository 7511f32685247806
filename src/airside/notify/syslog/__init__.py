"""Syslog: the operator's receiver gets every tenant's audit log, record by record.

Owns the connection to the receiver (RFC 5425), how far it has confirmed each log, and the pauses when it is away. Does
not own the format (`protocols.syslog`, and `audit`'s CEF within it), the log, nor who may see what is sealed in it: an
operator says so in a setting.
"""

from airside.notify.syslog.receiver import SyslogReceiver, SyslogServer, read_address, syslog_context
from airside.notify.syslog.stream import SyslogStream

__all__ = ["SyslogReceiver", "SyslogServer", "SyslogStream", "read_address", "syslog_context"]
