"""What can be set, read from the environment once. Nobody else reads it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct, ValidationError, convert

Role = Literal["api", "worker", "migrator", "auditor"]
Mode = Literal["development", "production"]

ABOVE_ZERO = ("pool_size", "port", "workers", "body_limit", "body_seconds", "push_connections")
ALGORITHMS = ("ES256", "RS256", "EdDSA")
DEVELOPMENT_ISSUER = "urn:medverka:development"


class BadSettings(Exception):
    """The configuration cannot be used. The text names variables, never their values."""


class Settings(Struct, frozen=True, kw_only=True):
    """One process's configuration. Empty `database_url`: the embedded server of the checkout."""

    mode: Mode = "production"
    database_url: str = ""
    api_password: str = ""
    worker_password: str = ""
    migrator_password: str = ""
    auditor_password: str = ""
    oidc_issuer: str = ""
    oidc_audience: str = "medverka"
    oidc_algorithms: tuple[str, ...] = ALGORITHMS
    oidc_jwks_url: str = ""
    secret_dir: Path = Path(".medverka")
    minimum_app_version: tuple[int, ...] = ()
    languages: tuple[str, ...] = ("sv", "en")
    public_url: str = "http://127.0.0.1:8000"
    pool_size: int = 10
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    body_limit: int = 1 << 20
    body_seconds: float = 30.0
    metrics_dir: str = ""
    erasure_journal: str = ""
    worker_metrics_port: int = 0
    google_application_credentials: str = ""
    fcm_project: str = ""
    fcm_url: str = "https://fcm.googleapis.com"
    fcm_authority: str = ""
    push_carrier: Literal["http2", "sdk"] = "http2"
    push_connections: int = 16
    smtp_url: str = ""
    smtp_sender: str = ""
    smtp_authority: str = ""

    def __post_init__(self) -> None:
        for name in ABOVE_ZERO:
            if getattr(self, name) <= 0:
                raise BadSettings(f"{variable(name)} must be above zero.")
        if not set(self.oidc_algorithms) <= set(ALGORITHMS) or not self.oidc_algorithms:
            raise BadSettings(f"OIDC_ALGORITHMS may name {', '.join(ALGORITHMS)}.")
        if not self.fcm_url.startswith("https://"):
            raise BadSettings("MEDVERKA_FCM_URL must be an https address.")
        if not self.development and self.oidc_issuer in {"", DEVELOPMENT_ISSUER}:
            raise BadSettings(
                "OIDC_ISSUER must name the identity provider; "
                "the development issuer works in development mode alone."
            )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the environment. Raises BadSettings for what is missing or cannot be read."""
        found = {name: environ[variable(name)] for name in cls.__struct_fields__
                 if environ.get(variable(name), "") != ""}  # fmt: skip
        values: dict[str, Any] = {name: _split(name, text) for name, text in found.items()}
        if values.get("mode", "production") == "production":
            _require(found, "oidc_issuer", "oidc_audience", "secret_dir", "public_url")
        try:
            return convert(values, cls, strict=False, dec_hook=_path)
        except ValidationError as error:
            name = str(error).partition("`$.")[2].rstrip("`")
            raise BadSettings(f"{variable(name)} cannot be read.") from None

    @property
    def development(self) -> bool:
        return self.mode == "development"

    @property
    def issuer(self) -> str:
        """Who must have issued a token: the provider, or in development the built-in issuer."""
        return self.oidc_issuer or DEVELOPMENT_ISSUER

    @property
    def own_issuer(self) -> bool:
        """Whether the built-in development issuer signs our tokens."""
        return self.issuer == DEVELOPMENT_ISSUER

    def dsn(self, role: Role) -> str:
        """The database address for one of our roles; the address's own user is left out."""
        if not self.database_url:
            raise BadSettings("DATABASE_URL is not set, and no embedded server was started.")
        parts = urlsplit(self.database_url)
        password = getattr(self, f"{role}_password")
        login = f"medverka_{role}" + (f":{quote(password, safe='')}" if password else "")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def variable(name: str) -> str:
    """The environment variable of a setting."""
    plain = {"database_url", "public_url", "host", "port", "workers", "pool_size", "body_limit",
             "google_application_credentials"}  # fmt: skip
    return name.upper() if name in plain or name.startswith("oidc_") else f"MEDVERKA_{name.upper()}"


def _split(name: str, text: str) -> str | list[str]:
    separators = {"oidc_algorithms": ",", "languages": ",", "minimum_app_version": "."}
    if name not in separators:
        return text
    return [part.strip() for part in text.split(separators[name])]


def _require(found: Mapping[str, str], *names: str) -> None:
    missing = [variable(name) for name in names if name not in found]
    if missing:
        raise BadSettings(f"In production mode these must be set: {', '.join(missing)}.")


def _path(kind: type, text: object) -> object:
    if kind is Path and isinstance(text, str):
        return Path(text)
    raise NotImplementedError  # how a dec_hook tells msgspec that the type is not its own


ROLES: tuple[Role, ...] = get_args(Role)
