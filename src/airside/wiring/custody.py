"""What becomes of a tenant's data as a whole."""

from dataclasses import dataclass

from airside.audit import Authority
from airside.custody import Shredder, Shredding
from airside.wiring.foundation import Foundation


@dataclass(frozen=True, kw_only=True)
class Custody:
    """The services of custody."""

    shredding: Shredding
    shredder: Shredder


def custody(base: Foundation) -> Custody:
    """On `base`."""
    return Custody(
        shredding=Shredding(journal=base.journal),
        shredder=Shredder(
            engine=base.engine,
            vault=base.vault,
            journal=base.journal,
            sequencer=base.sequencer,
            archive=base.archive,
            authority=Authority(vault=base.vault, entropy=base.entropy),
            entropy=base.entropy,
        ),
    )
