"""The only place that constructs services, with its neighbours: settings in, one frozen Services out."""

from dataclasses import dataclass

from airside.access import Authorise, Contexts, Credentials, Issuers, TenantDoor
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.oauth import Authorities
from airside.store import RequestContext
from airside.tokens import TokenVerifier
from airside.transport import ServedPins
from airside.vault import Aead
from airside.wiring.alerts import Watching, watching
from airside.wiring.custody import Custody, custody
from airside.wiring.entries import Entries, entries
from airside.wiring.farewells import Farewells, farewells
from airside.wiring.federation import Federation, federation
from airside.wiring.foundation import Foundation, foundation
from airside.wiring.issuers import TenantIssuers
from airside.wiring.machines import Machines, machines
from airside.wiring.managers import Managers, managers
from airside.wiring.mutual import authorities
from airside.wiring.persons import Persons, persons
from airside.wiring.pins import pins
from airside.wiring.provider import Provider, provider
from airside.wiring.provisioning import Provisioning, provisioning
from airside.wiring.settings import Settings
from airside.wiring.signals import Signals, signals
from airside.wiring.streams import Streams, streams


@dataclass(frozen=True, kw_only=True)
class Services(
    Foundation,
    Persons,
    Machines,
    Watching,
    Custody,
    Federation,
    Entries,
    Managers,
    Provider,
    Farewells,
    Provisioning,
    Streams,
    Signals,
):
    """Everything that listeners, timers and the command line speak to."""

    issuers: Issuers
    token_verifier: TokenVerifier
    authorise: Authorise
    contexts: Contexts
    door: TenantDoor
    pins: ServedPins | None

    async def start(self) -> None:
        """Connect, and listen for other processes' news.

        Raises:
            Misconfigured: the database role isn't one that row-level security holds.
            Unavailable: no database answers.
        """
        await self.engine.open()
        await self.listener.start()

    def drain(self) -> None:
        """The listeners are about to close: end what would otherwise be answered for ever."""
        self.permissions.feed.close()
        self.revocations.close()
        self.signal_news.followers.close()

    async def stop(self) -> None:
        """Let go of everything, in reverse."""
        await self.listener.stop()
        self.hashes.close()
        self.rates.close()
        await self.fetcher.aclose()
        await self.webhook_fetcher.aclose()
        if self.tracing is not None:
            await self.tracing.aclose()
        await self.limiter.aclose()
        await self.engine.close()

    async def issuer(self, ctx: RequestContext) -> str:
        """The issuer of the context's tenant. Raises: NotFound."""
        return await TenantIssuers(lookup=self.lookup, issuers=self.issuers)(ctx)


def build(settings: Settings, *, dsn: str, kek: Aead, clock: Clock, entropy: Entropy) -> Services:
    """Services on the database at `dsn`, not yet started. From the bottom floor up."""
    base = foundation(settings, dsn=dsn, kek=kek, clock=clock, entropy=entropy)
    who = persons(base, settings)
    programs = machines(base, who)
    listening = streams(base, who, settings)
    issuers = Issuers(settings.public_url, settings.mutual_tls_origin)
    elsewhere = federation(base, who, settings, issuers)
    kept = custody(base, settings, dsn=dsn, kek=kek)
    doors = entries(base, who, elsewhere, settings, issuers)

    authorise = Authorise(members=who.members, policies=who.policies, tallies=base.tallies)
    verifier = TokenVerifier(keys=base.keys, revocations=base.revocations)
    credentials = Credentials(
        verifier=verifier, issuers=issuers, possession=base.possession, keys=programs.key_verifier
    )
    contexts = Contexts(
        engine=base.engine,
        lookup=base.lookup,
        tenants=who.tenants,
        lockdowns=who.lockdowns,
        issuers=issuers,
        credentials=credentials,
        authorise=authorise,
    )

    clients = provider(base, who, doors, verifier, issuers, Authorities(authorities(settings)), credentials)
    directories = provisioning(base, who, elsewhere, doors, authorise)
    return Services(
        **vars(base),
        **vars(who),
        **vars(programs),
        **vars(watching(base, who)),
        **vars(listening),
        **vars(kept),
        **vars(elsewhere),
        **vars(doors),
        **vars(managers(base, who, programs, listening, kept, elsewhere, doors, directories, authorise, issuers)),
        **vars(clients),
        **vars(directories),
        **vars(farewells(base, who, doors, clients, issuers)),
        **vars(signals(base, who, listening, issuers, settings)),
        issuers=issuers,
        token_verifier=verifier,
        authorise=authorise,
        contexts=contexts,
        door=TenantDoor(lookup=base.lookup, rates=base.rates),
        pins=pins(settings, clock=clock),
    )
