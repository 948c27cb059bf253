"""The push service and the mail server are those that the settings name, or none."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from api import push
from api.settings import BadSettings, Settings
from notifications.fcm import Fcm
from notifications.sdk import Sdk
from tests.fcm.standin import service_account

PLAIN = Settings(mode="development")


async def test_without_credentials_nothing_is_pushed_or_mailed() -> None:
    assert push.pusher(PLAIN) is None
    assert push.mailer(PLAIN) is None


@pytest.mark.parametrize(("carrier", "kind"), [("http2", Fcm), ("sdk", Sdk)])
async def test_the_carrier_is_chosen(tmp_path: Path, carrier: str, kind: type) -> None:
    account = service_account(tmp_path, "https://127.0.0.1:1/token")
    settings = replace(PLAIN, google_application_credentials=str(account), push_carrier=carrier)
    pusher = push.pusher(settings)
    assert type(pusher) is kind
    if pusher:
        await pusher.close()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"google_application_credentials": "/nowhere/canary"}, "GOOGLE_APPLICATION_CREDENTIALS"),
        ({"fcm_authority": "/nowhere/canary", "fcm_project": "canary"}, "MEDVERKA_FCM_AUTHORITY"),
    ],
)
async def test_what_cannot_be_used_is_named_and_not_quoted(
    given: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSettings, match=named) as refused:
        push.pusher(replace(PLAIN, **given))
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("url", ["canary", "smtp://", "http://mail.example", "smtp://mail:x1"])
async def test_a_mail_server_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="MEDVERKA_SMTP_URL"):
        push.mailer(replace(PLAIN, smtp_url=url, smtp_sender="m@region.example"))


def test_knocks_cross_the_net_encrypted_alone() -> None:
    with pytest.raises(BadSettings, match="MEDVERKA_FCM_URL"):
        Settings(mode="development", fcm_url="http://127.0.0.1:1")
