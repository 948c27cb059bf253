"""The push service that the settings name. For the worker alone: the SDK is heavy."""

from typing import TYPE_CHECKING

import structlog

from api.settings import BadSettings, Settings

if TYPE_CHECKING:
    from notifications.push import Pusher

log = structlog.get_logger()


def pusher(settings: Settings) -> "Pusher | None":
    """In a running loop. None without credentials: then all that is told waits in the inbox.

    Raises BadSettings where the credentials cannot be used.
    """
    if not settings.google_application_credentials and not settings.fcm_project:
        log.warning("no_push", because="GOOGLE_APPLICATION_CREDENTIALS is not set")
        return None
    from notifications.fcm import Fcm  # noqa: PLC0415
    from notifications.firebase import Account, NoCredentials  # noqa: PLC0415
    from notifications.sdk import Sdk  # noqa: PLC0415

    account = Account(
        credentials=settings.google_application_credentials,
        project=settings.fcm_project,
        address=settings.fcm_url,
        authority=settings.fcm_authority,
        connections=settings.push_connections,
    )
    try:
        return Sdk(account) if settings.push_carrier == "sdk" else Fcm(account)
    except NoCredentials as error:
        raise BadSettings(f"GOOGLE_APPLICATION_CREDENTIALS: {error}") from None
    except OSError:
        raise BadSettings("MEDVERKA_FCM_AUTHORITY cannot be read.") from None
