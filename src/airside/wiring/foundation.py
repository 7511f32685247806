"""What everything else stands on: the database and the tenant's keys, the journal and the limits."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airside.audit import Expiry, Journal, Sequencer
from airside.audit.alerts import Tallies
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured
from airside.custody import ArchivedKeys, open_store
from airside.fetch import Fetcher
from airside.limits import Counted, Limiter, Plans, PostgresLimiter, Quotas, Rates, paced
from airside.notify import Tidings
from airside.notify.webhooks import Subscribers
from airside.oauth import Subjects
from airside.oauth.signals import SignalListener
from airside.permissions import Permissions
from airside.permissions.limits import Limits
from airside.revocation import Revocations
from airside.secrets import AppKeys, SecretStore
from airside.store import Engine, Listener, Lookup, Outbox
from airside.tokens import KeyRotation, Possession, RefreshFamilies, SigningKeys, SpentProofs
from airside.vault import FORGOTTEN, Adoption, Aead, KeyArchive, Measured, NoArchive, Vault
from airside.wiring.settings import Settings

if TYPE_CHECKING:
    from airside.wiring.tracing import Tracing


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The services of the lower floors."""

    clock: Clock
    entropy: Entropy
    tracing: "Tracing | None"
    engine: Engine
    listener: Listener
    lookup: Lookup
    outbox: Outbox
    subscribers: Subscribers
    subjects: Subjects
    signal_listener: SignalListener
    vault: Vault
    adoption: Adoption
    archive: KeyArchive
    journal: Journal
    sequencer: Sequencer
    expiry: Expiry
    kek: Measured
    limiter: Counted
    tallies: Tallies
    plans: Plans
    quotas: Quotas
    rates: Rates
    revocations: Revocations
    permissions: Permissions
    keys: SigningKeys
    key_rotation: KeyRotation
    families: RefreshFamilies
    spent_proofs: SpentProofs
    possession: Possession
    fetcher: Fetcher
    app_keys: AppKeys
    secret_store: SecretStore


def foundation(settings: Settings, *, dsn: str, kek: Aead, clock: Clock, entropy: Entropy) -> Foundation:
    """On the database at `dsn`, not yet started."""
    tracing = _tracing(settings)
    engine = Engine(dsn, clock=clock, entropy=entropy, size=settings.database_pool_size, spans=tracing)
    listener = Listener(dsn, clock=clock)
    measured = Measured(kek, clock=clock, spans=tracing)
    vault = Vault(kek=measured, entropy=entropy, clock=clock)
    vault.listen(listener)
    lookup = Lookup(engine)
    listener.subscribe(FORGOTTEN, lambda _: lookup.forget(), lookup.forget)
    outbox = Outbox(entropy=entropy)
    subscribers = Subscribers(outbox=outbox, listener=listener, clock=clock)
    subjects = Subjects(vault=vault)
    signals = SignalListener(outbox=outbox, entropy=entropy, subjects=subjects)
    journal = Journal(vault=vault, entropy=entropy, told=(Tidings(outbox=outbox), subscribers, signals))
    revocations = Revocations(listener=listener, entropy=entropy)
    keys = SigningKeys(vault=vault, entropy=entropy, journal=journal, listener=listener)
    plans = Plans(listener=listener, clock=clock)
    quotas = Quotas(plans)
    permissions = Permissions(
        engine=engine,
        listener=listener,
        clock=clock,
        entropy=entropy,
        journal=journal,
        limits=Limits(
            write=settings.permissions_write_limit,
            batch=settings.permissions_batch_limit,
            types=settings.permissions_types_limit,
            model_bytes=settings.permissions_model_bytes,
        ),
        memory=settings.permissions_memory * 1024 * 1024,
        quotas=quotas,
    )
    spent_proofs = SpentProofs()
    return Foundation(
        clock=clock,
        entropy=entropy,
        engine=engine,
        listener=listener,
        lookup=lookup,
        outbox=outbox,
        subscribers=subscribers,
        subjects=subjects,
        signal_listener=signals,
        vault=vault,
        adoption=Adoption(vault=vault),
        archive=_archive(settings, kek=kek, clock=clock, entropy=entropy),
        journal=journal,
        sequencer=Sequencer(journal=journal, vault=vault, entropy=entropy),
        expiry=Expiry(journal=journal, vault=vault, entropy=entropy),
        kek=measured,
        limiter=Counted(_limiter(settings, vault)),
        tallies=Tallies(vault=vault, entropy=entropy),
        plans=plans,
        quotas=quotas,
        rates=Rates(
            engine=engine,
            plans=plans,
            clock=clock,
            default=None if settings.tenant_rate is None else paced(settings.tenant_rate),
        ),
        revocations=revocations,
        permissions=permissions,
        keys=keys,
        key_rotation=KeyRotation(
            keys=keys,
            revocations=revocations,
            journal=journal,
            every=timedelta(days=settings.signing_key_days),
        ),
        families=RefreshFamilies(entropy=entropy, revocations=revocations, journal=journal),
        spent_proofs=spent_proofs,
        possession=Possession(vault=vault, spent=spent_proofs),
        fetcher=Fetcher(allow=frozenset(settings.fetch_exceptions), spans=tracing),
        tracing=tracing,
        secret_store=SecretStore(vault=vault, entropy=entropy, journal=journal),
        app_keys=AppKeys(vault=vault, entropy=entropy, journal=journal, listener=listener, clock=clock),
    )


def _tracing(settings: Settings) -> "Tracing | None":
    if settings.traces_url is None:
        return None
    try:
        from airside.wiring.tracing import Tracing
    except ModuleNotFoundError:
        remedy = "asks for traces, and OpenTelemetry isn't installed: pip install 'airside[otel]'"
        raise Misconfigured("AIRSIDE_TRACES_URL", remedy) from None
    return Tracing(settings.traces_url, percent=settings.traces_percent, parents=settings.traces_parents)


def _limiter(settings: Settings, vault: Vault) -> Limiter:
    if settings.limits_url is None:
        return PostgresLimiter(vault=vault)
    try:
        from airside.limits.in_valkey import ValkeyLimiter
    except ModuleNotFoundError:
        remedy = "names Valkey, whose client isn't installed: pip install 'airside[valkey]'"
        raise Misconfigured("AIRSIDE_LIMITS_URL", remedy) from None
    return ValkeyLimiter(settings.limits_url, vault=vault)


def _archive(settings: Settings, *, kek: Aead, clock: Clock, entropy: Entropy) -> KeyArchive:
    """Where backups keep wrapped keys: what is shredded is taken out of it at once."""
    if settings.backup_target is None:
        return NoArchive()
    return ArchivedKeys(open_store(settings.backup_target, clock=clock), kek=kek, clock=clock, entropy=entropy)
