"""What an operator may set, read once at the edge from the environment and `.env`."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mains_server.openid.safety import ALGORITHMS, is_safe_address
from mains_server.passkeys.safety import misfit_of

DEMO_SMS_SECRET = SecretStr("mains-demo-sms")

DEMO_BANKS = frozenset({"HABALV22", "PARXLV22", "RIKOLV2X", "UNLALV2X"})
KNOWN_SECRETS = ("mains-demo", "changeme", "change-me", "change_me", "secret", "password", "example", "12345678")


class Mode(StrEnum):
    """What the process is for; only DEMO shows its logins and a query editor."""

    PRODUCTION = "production"
    DEMO = "demo"


class OpenidProvider(BaseModel):
    """A provider of OpenID Connect that people may sign in with: an internet bank, a broker of eID cards."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: dict[Literal["lv", "en", "ru"], str] = Field(min_length=1, description="What people call it, by language.")
    issuer: str = Field(pattern=r"^https?://[^\s?#]+$", description="Where `/.well-known/openid-configuration` is.")
    our_id: str = Field(alias="client_id", min_length=1, description="What it knows us by.")
    our_secret: SecretStr | None = Field(default=None, alias="client_secret", min_length=1)
    secret_in: Literal["header", "body"] = Field(default="header", alias="client_secret_in")
    scopes: tuple[str, ...] = Field(default=("openid",), description="What is asked for; `openid` among it.")
    personal_code_claim: str | None = Field(default=None, description="Claim of its tokens with the personal code.")
    strong_acrs: frozenset[str] = Field(
        default=frozenset(), description="Values of `acr` that mean two factors; after these no code is asked for."
    )
    algorithms: frozenset[str] = Field(
        default=frozenset({"RS256", "ES256"}), min_length=1, description="What its tokens may be signed with."
    )

    @field_validator("issuer")
    @classmethod
    def _issuer_is_safe(cls, issuer: str) -> str:
        if not is_safe_address(issuer):
            raise ValueError("an issuer is reached by https, or on this machine")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _scopes_have_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("`openid` must be among the scopes")
        return scopes

    @field_validator("algorithms")
    @classmethod
    def _algorithms_are_signatures(cls, algorithms: frozenset[str]) -> frozenset[str]:
        if unknown := algorithms - ALGORITHMS:
            raise ValueError(f"no signature that only the provider can make: {', '.join(sorted(unknown))}")
        return algorithms


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
    openid_providers: dict[str, OpenidProvider] = Field(
        default={}, description="Providers of OpenID Connect to sign in with, by a short code of our own; JSON."
    )
    openid_redirects: frozenset[str] = Field(
        default=frozenset(), description="Pages of front ends that providers may send people back to, exactly; JSON."
    )
    outbox_kept: timedelta = Field(
        default=timedelta(days=90), ge=timedelta(days=1), description="How long delivered events are kept."
    )
    files_kept: timedelta = Field(
        default=timedelta(days=30),
        ge=timedelta(days=1),
        description="How long files for the printer and for banks, with names and addresses, are kept once made.",
    )
    passkey_domain: str | None = Field(
        default=None,
        description="Domain that passkeys are made for, such as portal.example; without it they are off. Another"
        " domain later is another passkey for everybody.",
    )
    passkey_origins: frozenset[str] = Field(
        default=frozenset(), description="Pages that passkeys are used on, such as `https://portal.example`; JSON."
    )
    passkey_name: str = Field(
        default="Mains", min_length=1, max_length=60, description="What people read when a passkey is made."
    )
    recovery_delay: timedelta = Field(
        default=timedelta(hours=72),
        ge=timedelta(hours=24),
        le=timedelta(days=30),
        description="How long a way back into an account waits, so that who is robbed can stop it.",
    )
    recovery_by_two: bool = Field(
        default=True, description="Whether another administrator has to approve a way back than who opened it."
    )
    recovery_page: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s#]+$",
        description="The front end's page for ways back; the token comes behind `#stop=` or `#recover=`. Without it"
        " messages have the token.",
    )
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
    operator_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=90,
        description="Who runs the server: the sender of letters that are about no utility, such as codes to register.",
    )
    operator_address: str = Field(default="", max_length=120, description="Its address, in one line.")
    operator_contact: str = Field(
        default="", max_length=120, description="How it is reached besides: phone, mail, in one line."
    )
    letter_contacts: dict[str, str] = Field(
        default={},
        description="How a utility is reached besides its seller's address, in one line, by adapter; JSON.",
    )
    mail_falls_back_to_post: bool = Field(default=True, description="Whether what cannot be mailed is posted.")
    trusted_documents_only: bool = Field(
        default=False, description="Run only documents that `mains trusted add` registered; others are FORBIDDEN."
    )
    log_format: Literal["text", "json"] = "text"
    operation_seconds_max: int = Field(default=30, ge=1, le=600, description="Time that one GraphQL operation has.")
    rows_a_minute: int = Field(
        default=1_000_000,
        ge=0,
        description="Rows that one token may read in a minute, of all processes together; 0 for any.",
    )
    sockets_per_address: int = Field(
        default=100, ge=1, description="WebSockets of one network address that one process holds."
    )
    audit_anchor: Path | None = Field(
        default=None, description="File, outside the database, to which each seal of the audit trail is added, signed."
    )
    demo_inbox: bool | None = Field(
        default=None,
        description="Whether a demonstration catches all mail and shows it to everybody; it does where no smtp_host is"
        " set. A production server does not start with it.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="Where the world reaches this server; mails that may be refused then have a link for that.",
    )
    webhook_networks: frozenset[str] = Field(
        default=frozenset(), description="Networks of ours that webhooks may go to, by https, such as 10.1.0.0/16."
    )
    webhook_days_kept: int = Field(
        default=30, ge=1, description="Days for which messages of webhooks that ended are shown and can be sent again."
    )
    cors_origins: frozenset[str] = Field(
        default=frozenset(), description="Sites whose pages may ask from browsers, such as `https://portal.example`."
    )

    @model_validator(mode="after")
    def _passkeys_fit(self) -> "Settings":
        if self.passkey_domain is None and not self.passkey_origins:
            return self
        if self.passkey_domain is None or not self.passkey_origins:
            raise ValueError("passkey_domain and passkey_origins are set together, or neither is")
        if misfit := misfit_of(relying_party=self.passkey_domain, origins=self.passkey_origins):
            raise ValueError(f"browsers would not use passkeys so: {misfit}")
        return self


class UnsafeSettings(Exception):
    """A server for real customers would start with what suits a demo or a developer alone."""


def has_demo_inbox(settings: Settings) -> bool:
    """Tell whether the process catches all mail and shows it to everybody: demonstrations do, unless told otherwise."""
    wanted = settings.smtp_host is None if settings.demo_inbox is None else settings.demo_inbox
    return settings.mode is Mode.DEMO and wanted


def insist_on_safety(settings: Settings, *, is_debugging: bool) -> None:
    """Refuse to start a production server with secrets that everybody knows, or with Python's debugging on."""
    if settings.mode is not Mode.PRODUCTION:
        return
    named = {"secret": settings.secret, "metrics_token": settings.metrics_token, "sms_secret": settings.sms_secret}
    of_plugins = {"payment_secrets": settings.payment_secrets, "channel_secrets": settings.channel_secrets}
    plugged = {f"{of}[{name}]": secret for of, own in of_plugins.items() for name, secret in own.items()}
    openid = {f"openid_providers[{code}]": one.our_secret for code, one in settings.openid_providers.items()}
    secrets = {**named, **plugged, **openid}
    known = [name for name, secret in secrets.items() if secret is not None and _is_known(secret)]
    if known:
        raise UnsafeSettings(f"these secrets are known to everybody, choose others: {', '.join(known)}")
    if is_debugging:
        raise UnsafeSettings("Python's development mode shows too much of a request; start without it")
    if plain := [code for code, one in settings.openid_providers.items() if not one.issuer.startswith("https://")]:
        raise UnsafeSettings(f"these OpenID providers are not reached by https: {', '.join(plain)}")
    if settings.demo_inbox:
        raise UnsafeSettings("demo_inbox shows everybody the codes and links of everybody; it is for demonstrations")
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
