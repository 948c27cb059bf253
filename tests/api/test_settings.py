"""Settings are read once, and refused by the name of their variable."""

from pathlib import Path

import pytest

from api.settings import BadSettings, Settings, variable

PRODUCTION = {
    "OIDC_ISSUER": "https://idp.example",
    "OIDC_AUDIENCE": "medverka",
    "MEDVERKA_SECRET_DIR": "/run/secrets",
    "PUBLIC_URL": "https://api.example",
}


def test_production_is_what_is_meant_when_nothing_is_said() -> None:
    assert Settings.from_environ(PRODUCTION).mode == "production"


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_production_wants_its_variables(name: str) -> None:
    with pytest.raises(BadSettings, match=name):
        Settings.from_environ({k: v for k, v in PRODUCTION.items() if k != name})


def test_development_needs_nothing() -> None:
    settings = Settings.from_environ({"MEDVERKA_MODE": "development"})
    assert settings.own_issuer
    assert settings.secret_dir == Path(".medverka")


def test_the_development_issuer_cannot_be_named_in_production() -> None:
    with pytest.raises(BadSettings):
        Settings.from_environ({**PRODUCTION, "OIDC_ISSUER": "urn:medverka:development"})


def test_lists_and_numbers_are_read() -> None:
    settings = Settings.from_environ(
        {
            "MEDVERKA_MODE": "development",
            "MEDVERKA_LANGUAGES": "sv, en,sv-x-easy",
            "MEDVERKA_MINIMUM_APP_VERSION": "2.10.1",
            "OIDC_ALGORITHMS": "EdDSA",
            "POOL_SIZE": "4",
            "MEDVERKA_API_PASSWORD": "",
        }
    )
    assert settings.languages == ("sv", "en", "sv-x-easy")
    assert settings.minimum_app_version == (2, 10, 1)
    assert settings.oidc_algorithms == ("EdDSA",)
    assert settings.pool_size == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POOL_SIZE", "canary"),
        ("POOL_SIZE", "0"),
        ("MEDVERKA_MODE", "canary"),
        ("MEDVERKA_MINIMUM_APP_VERSION", "1.canary"),
        ("OIDC_ALGORITHMS", "HS256"),
        ("OIDC_ALGORITHMS", "none"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(BadSettings) as refused:
        Settings.from_environ({"MEDVERKA_MODE": "development", name: value})
    assert name in str(refused.value)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("postgresql://root:pw@db:5432/m?sslmode=require",
         "postgresql://medverka_api:a%2Fb%40c@db:5432/m?sslmode=require"),
        ("postgresql://db/m", "postgresql://medverka_api:a%2Fb%40c@db/m"),
        ("postgresql://[::1]:5432/m", "postgresql://medverka_api:a%2Fb%40c@[::1]:5432/m"),
    ],
)  # fmt: skip
def test_an_address_takes_each_roles_own_login(url: str, dsn: str) -> None:
    settings = Settings(mode="development", database_url=url, api_password="a/b@c")
    assert settings.dsn("api") == dsn


def test_without_an_address_there_is_no_dsn() -> None:
    with pytest.raises(BadSettings, match="DATABASE_URL"):
        Settings(mode="development").dsn("api")


def test_each_setting_has_a_variable_of_its_own() -> None:
    names = [variable(name) for name in Settings.__struct_fields__]
    assert len(set(names)) == len(names)
