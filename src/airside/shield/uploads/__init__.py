"""Uploads: what strangers send as files is what its content says, within its bounds, and apart until it is scanned.

Owns the rule of a place that takes files, the reading of kinds by content, images made anew without metadata, the
bounds of archives, asking ClamAV, quarantine in a folder, and the headers of a download. It does not own where files
lie for good, nor whose they are. Needs the extra `uploads`.
"""

from airside.shield.uploads.clamav import ClamAv, Infected, Scanner
from airside.shield.uploads.download import download_headers, safe_name
from airside.shield.uploads.examine import Upload, examine
from airside.shield.uploads.quarantine import Quarantine
from airside.shield.uploads.rule import ARCHIVES, IMAGES, PDF, TEXT, UploadRule

__all__ = [
    "ARCHIVES",
    "IMAGES",
    "PDF",
    "TEXT",
    "ClamAv",
    "Infected",
    "Quarantine",
    "Scanner",
    "Upload",
    "UploadRule",
    "download_headers",
    "examine",
    "safe_name",
]
