"""What has lately happened to a user's account."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.audit import Activity, Event
from airside.console.signed_in import Member, MemberDoors
from airside.core.ids import USER, format_id

SHOWN: Final = 50
TOLD: Final = {
    Event.SIGNIN_SUCCEEDED: "signed_in",
    Event.SESSION_ENDED: "session_ended",
    Event.SESSION_ROTATED: "confirmed",
    Event.USER_CREATED: "created",
    Event.USER_DEACTIVATED: "disabled",
    Event.USER_REACTIVATED: "enabled",
    Event.USER_ERASURE_REQUESTED: "erasure_requested",
    Event.USER_ERASURE_CANCELLED: "erasure_cancelled",
    Event.PASSWORD_SET: "password_set",
    Event.EMAIL_VERIFIED: "email_verified",
    Event.RECOVERY_FINISHED: "recovered",
    Event.TOTP_ADDED: "totp_added",
    Event.TOTP_REMOVED: "totp_removed",
    Event.RECOVERY_CODES_RENEWED: "codes_renewed",
    Event.RECOVERY_CODE_SPENT: "code_spent",
    Event.FACTORS_RESET: "factors_reset",
    Event.PASSKEY_ADDED: "passkey_added",
    Event.PASSKEY_RENAMED: "passkey_renamed",
    Event.PASSKEY_REMOVED: "passkey_removed",
    Event.PASSKEY_SUSPECTED: "passkey_suspected",
    Event.DEVICE_REMEMBERED: "device_known",
    Event.DEVICE_FORGOTTEN: "device_forgotten",
    Event.CONSENT_GRANTED: "application_allowed",
    Event.CONSENT_DENIED: "application_denied",
    Event.CONSENT_REVOKED: "application_removed",
    Event.DEVICE_CODE_APPROVED: "device_let_in",
}
"""What people are told, and the member of the words' family `event` that says it."""


class ActivityPages:
    """Shows the journal's records about whoever is signed in."""

    def __init__(self, *, activity: Activity) -> None:
        self._activity = activity

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/activity`."""
        happened = await self._activity.of(member.ctx, format_id(USER, member.session.user_id), TOLD.keys(), SHOWN)
        return member.page("account_activity.html", activity=[(TOLD[each.event], each) for each in happened])


def routes(doors: MemberDoors, pages: ActivityPages) -> list[Route]:
    """The route of recent activity."""
    return [Route("/t/{slug}/account/activity", doors.page(pages.show), methods=["GET"])]
