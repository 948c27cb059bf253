"""Where the data keys of residents are unwrapped: read once at start, since it may refuse."""

import secrets

from api import development
from api.settings import BadSettings, Settings
from domain.donations.keys import FileKeyProvider, KeyUnavailable


def provider(settings: Settings) -> FileKeyProvider:
    """The key-encryption keys of MEDVERKA_SECRET_DIR; made at first use in development. Raises BadSettings."""
    path = settings.secret_dir / "kek"
    development.secret(path, secrets.token_hex, create=settings.development)
    try:
        return FileKeyProvider.from_folder(settings.secret_dir)
    except KeyUnavailable:
        raise BadSettings("`kek` in MEDVERKA_SECRET_DIR is not 64 hex digits.") from None
