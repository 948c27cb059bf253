"""The push service and the mail server that the settings name. For the worker alone: they are heavy."""

from typing import TYPE_CHECKING

import structlog

from api.settings import BadSettings, Settings

if TYPE_CHECKING:
    from notifications.email import Mailer
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


def mailer(settings: Settings) -> "Mailer | None":
    """In a running loop. None where no mail server is named. Raises BadSettings."""
    if not settings.smtp_url:
        return None
    from notifications.email import Mail, Mailer  # noqa: PLC0415

    mail = Mail(
        url=settings.smtp_url, sender=settings.smtp_sender, authority=settings.smtp_authority
    )
    try:
        return Mailer(mail)
    except (ValueError, OSError):
        names = "MEDVERKA_SMTP_URL, MEDVERKA_SMTP_SENDER or MEDVERKA_SMTP_AUTHORITY"
        raise BadSettings(f"{names} cannot be used.") from None
