"""The watch over every tenant."""

from dataclasses import dataclass

from airside.audit.alerts import Watch
from airside.federation import AdministratorNotices
from airside.wiring.foundation import Foundation
from airside.wiring.persons import Persons


@dataclass(frozen=True, kw_only=True)
class Watching:
    """The services of alerts."""

    watch: Watch


def watching(base: Foundation, who: Persons) -> Watching:
    """On `base`, of what `who` wants."""
    watch = Watch(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        tallies=base.tallies,
        policies=who.policies,
        notices=AdministratorNotices(members=who.members, outbox=base.outbox),
    )
    base.sequencer.follow(watch.stir)
    return Watching(watch=watch)
