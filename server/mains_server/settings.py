"""What an operator may set, read once at the edge from the environment and `.env`."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_SMS_SECRET = SecretStr("mains-demo-sms")

DEMO_BANKS = frozenset({"HABALV22", "PARXLV22", "RIKOLV2X", "UNLALV2X"})
KNOWN_SECRETS = ("mains-demo", "changeme", "change-me", "change_me", "secret", "password", "example", "12345678")


class Mode(StrEnum):
    """What the process is for; only DEMO shows its logins and a query editor."""

    PRODUCTION = "production"
    DEMO = "demo"


class Settings(BaseSettings):
    """Every name here is the environment variable of the same name with the prefix `MAINS_`."""

    model_config = SettingsConfigDict(env_prefix="MAINS_", env_file=".env", extra="ignore", frozen=True)

    mode: Mode = Mode.PRODUCTION
    database_url: str | None = Field(default=None, description="Any PostgreSQL 15+; without it an embedded one starts.")
    database_role: str | None = Field(default=None, description="Role to work under; found by itself where it exists.")
    data_dir: Path = Field(default=Path(".mains-data"), description="Where the embedded PostgreSQL keeps its data.")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    database_connections_max: int = Field(default=10, ge=1, le=500)
    session_lifetime: timedelta = Field(
        default=timedelta(days=30), ge=timedelta(minutes=5), description="How long a session lives after its last use."
    )
    access_lifetime: timedelta = Field(
        default=timedelta(minutes=60),
        ge=timedelta(minutes=1),
        le=timedelta(minutes=60),
        description="How long a token lives before the session is refreshed.",
    )
    secret: SecretStr | None = Field(default=None, min_length=32, description="Signs links to charts and documents.")
    fact_secrets: dict[str, SecretStr] = Field(default={}, description="Such as `entsoe.token`, by source and name.")
    fact_addresses: dict[str, str] = Field(default={}, description="Where to fetch instead, by fact source.")
    bank_accounts: frozenset[str] = Field(
        default=frozenset(), description="IBANs of ours whose statements are taken in, besides those of the sellers."
    )
    payment_secrets: dict[str, SecretStr] = Field(
        default={}, description="Such as `sandbox.key`, by provider and name."
    )
    payout_accounts: dict[str, str] = Field(
        default={}, description="Payment provider that pays out to us from an account, by the account's IBAN."
    )
    payment_addresses: dict[str, str] = Field(default={}, description="Where to reach it, by payment provider.")
    invitation_page: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s#]+$",
        description="The front end's page for invitations; the token comes behind `#`. Without it mail has the token.",
    )
    sms_secret: SecretStr | None = Field(
        default=None, description="Shared with the SMS gateway; without it /hooks/sms is off."
    )
    sms_channel: str | None = Field(
        default=None, description="Notification channel that text messages leave by; the first that is set up without."
    )
    sms_sender: str = Field(
        default="Mains",
        pattern=r"^(\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11})$",
        description="What phones show as the sender of text messages.",
    )
    sms_without_accents: bool = Field(
        default=False, description="Whether text messages leave accents out where that saves a segment."
    )
    channel_secrets: dict[str, SecretStr] = Field(
        default={}, description="Such as `sms_sandbox.key`, by notification channel and name."
    )
    channel_addresses: dict[str, str] = Field(default={}, description="Where to reach it, by notification channel.")
    metrics_token: SecretStr | None = Field(
        default=None, min_length=16, description="What Prometheus sends as bearer token; without it /metrics is off."
    )
    smtp_host: str | None = Field(default=None, description="Mail server that takes our mail; without it mail waits.")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: Literal["starttls", "tls", "if_offered", "none"] = Field(
        default="starttls", description="How the way to the mail server is encrypted; `none` only within one machine."
    )
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    mail_sender: str = Field(
        default="invoices@localhost.localdomain",
        pattern=r"^[^@\s,<>]+@[^@\s,<>]+$",
        description="Address that invoices are sent from.",
    )
    mail_tries_max: int = Field(default=10, ge=1, le=100, description="Tries of a mail before it is given up.")
    einvoice_banks: frozenset[str] = Field(
        default=frozenset(), description="BICs, 8 characters, of banks that take our e-invoices, such as HABALV22."
    )
    mail_falls_back_to_post: bool = Field(default=True, description="Whether what cannot be mailed is posted.")
    trusted_documents_only: bool = Field(
        default=False, description="Run only documents that `mains trusted add` registered; others are FORBIDDEN."
    )
    log_format: Literal["text", "json"] = "text"
    operation_seconds_max: int = Field(default=30, ge=1, le=600, description="Time that one GraphQL operation has.")
    rows_a_minute: int = Field(
        default=1_000_000, ge=0, description="Rows that one token may read in a minute of one process; 0 for any."
    )
    sockets_per_address: int = Field(
        default=100, ge=1, description="WebSockets of one network address that one process holds."
    )
    audit_anchor: Path | None = Field(
        default=None, description="File, outside the database, to which each seal of the audit trail is added, signed."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="Where the world reaches this server; mails that may be refused then have a link for that.",
    )
    cors_origins: frozenset[str] = Field(
        default=frozenset(), description="Sites whose pages may ask from browsers, such as `https://portal.example`."
    )


class UnsafeSettings(Exception):
    """A server for real customers would start with what suits a demo or a developer alone."""


def insist_on_safety(settings: Settings, *, is_debugging: bool) -> None:
    """Refuse to start a production server with secrets that everybody knows, or with Python's debugging on."""
    if settings.mode is not Mode.PRODUCTION:
        return
    named = {"secret": settings.secret, "metrics_token": settings.metrics_token, "sms_secret": settings.sms_secret}
    of_plugins = {"payment_secrets": settings.payment_secrets, "channel_secrets": settings.channel_secrets}
    plugged = {f"{of}[{name}]": secret for of, own in of_plugins.items() for name, secret in own.items()}
    known = [name for name, secret in {**named, **plugged}.items() if secret is not None and _is_known(secret)]
    if known:
        raise UnsafeSettings(f"these secrets are known to everybody, choose others: {', '.join(known)}")
    if is_debugging:
        raise UnsafeSettings("Python's development mode shows too much of a request; start without it")
    if "*" in settings.cors_origins:
        raise UnsafeSettings("cors_origins must name sites; `*` would let every page ask")


def _is_known(secret: SecretStr) -> bool:
    """Tell whether a secret is one of a demo or an example, or a character said over and over."""
    words = secret.get_secret_value().lower()
    return len(set(words)) < 5 or any(known in words for known in KNOWN_SECRETS)


def load_settings(**overrides: object) -> Settings:
    """Read the settings, letting what a command line gave win over the environment."""
    given = {name: value for name, value in overrides.items() if value is not None}
    return Settings(**given)  # type: ignore[arg-type]


def banks_of(settings: Settings) -> frozenset[str]:
    """Give the banks that e-invoices go to; a demonstration has some of Latvia's without being told."""
    return settings.einvoice_banks or (DEMO_BANKS if settings.mode is Mode.DEMO else frozenset())
