"""Where the data keys of residents are unwrapped: read once at start, since it may refuse."""

import secrets
from typing import cast

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from api import development
from api.settings import BadSettings, Settings
from domain.donations.keys import FileKeyProvider, KeyProvider, KeyUnavailable

DataKeys = NamedDependency[KeyProvider]
"""A route's parameter `data_keys`."""


def provider(settings: Settings) -> FileKeyProvider:
    """The key-encryption keys of MEDVERKA_SECRET_DIR; made at first use in development. Raises BadSettings."""
    path = settings.secret_dir / "kek"
    development.secret(path, secrets.token_hex, create=settings.development)
    try:
        return FileKeyProvider.from_folder(settings.secret_dir)
    except KeyUnavailable:
        raise BadSettings("`kek` in MEDVERKA_SECRET_DIR is not 64 hex digits.") from None


async def data_keys(state: State) -> KeyProvider:
    return cast("KeyProvider", state.data_keys)


provided = {"data_keys": Provide(data_keys)}
