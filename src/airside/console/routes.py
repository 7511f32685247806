"""The hosted pages' routes, ready to be mounted at the root of the application."""

from starlette.routing import Route

from airside.console.assets import asset_routes
from airside.console.context import Brands, Context, Verbs
from airside.console.entry import EntryDoors
from airside.console.fresh import Fresh
from airside.console.pages import (
    account,
    account_activity,
    account_applications,
    account_data,
    account_elsewhere,
    account_factors,
    account_passkeys,
    account_password,
    account_sessions,
    arriving,
    consent,
    device,
    invitation,
    look,
    recover,
    saml_logout,
    setup,
    signin,
    signout,
    signup,
    verify,
)
from airside.console.setup_in import SetupDoors
from airside.console.signed_in import MemberDoors
from airside.console.visit import Doors


def routes(verbs: Verbs, *, context: Context, brands: Brands) -> list[Route]:
    """Every page and what it looks like: paths under `/t/{slug}` and `/static`."""
    doors = Doors(context=context, brands=brands)
    member_doors = MemberDoors(doors=doors, sessions=verbs.sessions)
    return [
        *signin.routes(
            doors,
            signin.SigninPages(
                flows=verbs.flows,
                policies=verbs.policies,
                devices=verbs.devices,
                email_codes=verbs.email_codes,
                ways=verbs.federated_ways,
                discovery=verbs.discovery,
            ),
        ),
        *arriving.routes(
            doors,
            arriving.ArrivingPages(
                flows=verbs.flows,
                answers=verbs.federation_answers,
                connections=verbs.connections,
                ways=verbs.federated_ways,
                devices=verbs.devices,
                trials=verbs.setup_trials,
            ),
        ),
        *setup.routes(
            EntryDoors(doors=doors, entropy=verbs.entropy),
            SetupDoors(doors=doors, setups=verbs.setups),
            setup.SetupPages(
                setups=verbs.setups,
                portal=verbs.setup_portal,
                domains=verbs.setup_domains,
                directory=verbs.setup_directory,
                trials=verbs.setup_trials,
                issuer=verbs.issuer,
            ),
        ),
        *saml_logout.routes(doors, saml_logout.SamlLogoutPages(logouts=verbs.saml_logouts)),
        *_entry(verbs, EntryDoors(doors=doors, entropy=verbs.entropy)),
        *_account(verbs, member_doors),
        *consent.routes(
            member_doors, consent.ConsentPages(consents=verbs.consents, scopes=verbs.scopes, users=verbs.users)
        ),
        *signout.routes(
            doors,
            member_doors,
            signout.SignoutPages(
                logout=verbs.logout, users=verbs.users, issuer=verbs.issuer, elsewhere=verbs.sign_outs
            ),
        ),
        *device.routes(
            member_doors,
            device.DevicePages(
                authorizations=verbs.device_authorizations,
                scopes=verbs.scopes,
                users=verbs.users,
                flows=verbs.flows,
                devices=verbs.devices,
            ),
        ),
        *look.routes(doors),
        *asset_routes(),
    ]


def _entry(verbs: Verbs, doors: EntryDoors) -> list[Route]:
    policies = verbs.policies
    return [
        *signup.routes(doors, signup.SignupPages(registration=verbs.registration, policies=policies)),
        *recover.routes(doors, recover.RecoveryPages(recovery=verbs.recovery, policies=policies)),
        *invitation.routes(doors, invitation.InvitationPages(acceptance=verbs.acceptance, policies=policies)),
        *verify.routes(doors, verify.VerifyPages(verification=verbs.verification)),
    ]


def _account(verbs: Verbs, doors: MemberDoors) -> list[Route]:
    users, sessions, factors, policies = verbs.users, verbs.sessions, verbs.factors, verbs.policies
    fresh = Fresh(flows=verbs.flows, sessions=sessions, factors=factors, policies=policies, devices=verbs.devices)
    return [
        *account.routes(
            doors,
            account.AccountPages(
                sessions=sessions,
                users=users,
                factors=factors,
                logout=verbs.logout,
                issuer=verbs.issuer,
                elsewhere=verbs.sign_outs,
            ),
        ),
        *account_password.routes(
            doors,
            account_password.PasswordPages(
                users=users,
                passwords=verbs.passwords,
                factors=factors,
                sessions=sessions,
                policies=policies,
                fresh=fresh,
            ),
        ),
        *account_factors.routes(
            doors,
            account_factors.FactorPages(
                users=users,
                factors=factors,
                totp=verbs.totp,
                recovery_codes=verbs.recovery_codes,
                policies=policies,
                fresh=fresh,
            ),
        ),
        *account_passkeys.routes(
            doors,
            account_passkeys.PasskeyPages(
                users=users, passkeys=verbs.passkeys, factors=factors, identities=verbs.identities, fresh=fresh
            ),
        ),
        *account_elsewhere.routes(
            doors,
            account_elsewhere.ElsewherePages(
                identities=verbs.identities,
                connections=verbs.connections,
                ways=verbs.federated_ways,
                flows=verbs.flows,
                devices=verbs.devices,
                factors=factors,
                policies=policies,
                fresh=fresh,
            ),
        ),
        *account_sessions.routes(
            doors,
            account_sessions.SessionPages(sessions=sessions, users=users, devices=verbs.devices),
        ),
        *account_applications.routes(
            doors, account_applications.ApplicationPages(consents=verbs.consents, scopes=verbs.scopes, users=users)
        ),
        *account_activity.routes(doors, account_activity.ActivityPages(activity=verbs.activity)),
        *account_data.routes(
            doors,
            account_data.DataPages(
                users=users,
                sessions=sessions,
                devices=verbs.devices,
                passkeys=verbs.passkeys,
                factors=factors,
                members=verbs.members,
                consents=verbs.consents,
                identities=verbs.identities,
                activity=verbs.activity,
                closing=verbs.closing,
                policies=verbs.policies,
                fresh=fresh,
            ),
        ),
    ]
