"""The settings of one installation, from the environment (prefix TRELLIS_) or a `.env` file.

A wrong setting stops the start with its name and the remedy.
"""

import os
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from dotenv.parser import parse_stream
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url

from app.core.written import is_encryption_key, is_server

ROOT = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """Everything an operator may set. The defaults run one machine with the built-in mail catcher."""

    model_config = SettingsConfigDict(env_prefix="TRELLIS_", env_file=".env", extra="ignore")

    data_dir: Path = Field(ROOT / "var", description="Where the database, spool, journal and imports live.")
    database_url: str = Field(
        "", description="SQLAlchemy address; empty: SQLite in the data folder.", repr=False
    )
    content_dir: Path = Field(ROOT, description="The folder that holds sequences/ and email_templates/.")
    secret_key: str = Field(
        "", description="Signs links and sessions; empty: made once in the data folder.", repr=False
    )
    retired_keys: Annotated[list[str], NoDecode] = Field(
        [],
        description="Older secret keys whose links must keep working, with commas between them.",
        repr=False,
    )
    encryption_keys: Annotated[list[str], NoDecode] = Field(
        [],
        description="Keys that seal stored secrets, with commas between them: the first seals, all open; "
        "empty: made once in the data folder.",
        repr=False,
    )

    host: str = Field("127.0.0.1", description="Where the web server listens.")
    port: int = Field(8000, ge=0, le=65535, description="Port of the web server; the next free one is taken.")
    base_url: str = Field("", description="The public address in mails; empty: http://host:port.")
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Proxies in front of the pages whose word on the client is taken."
    )
    web_threads: int = Field(8, ge=1, le=256, description="Threads of the web server.")

    smtp_host: str = Field("", description="The relay that takes our mail; empty: the built-in mail catcher.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the relay.")
    smtp_security: Literal["none", "opportunistic", "starttls", "tls"] = Field(
        "starttls", description="How the line is secured."
    )
    smtp_ca_file: str = Field(
        "", description="Certificates (PEM) to trust instead of the system's; empty: the system's."
    )
    smtp_username: str = Field("", description="Account at the relay, if it wants one.")
    smtp_password: str = Field("", description="Password of that account.", repr=False)
    smtp_token_command: str = Field(
        "", description="A command that prints an access token (XOAUTH2) instead."
    )
    smtp_connections: int = Field(4, ge=1, le=100, description="Connections kept open at once.")
    sending_processes: int = Field(
        2,
        ge=1,
        le=16,
        description="Processes that share these connections while much is due; 1: the first one sends alone.",
    )
    smtp_mails_per_connection: int = Field(
        100, ge=1, le=100_000, description="Mails over one connection, then a new one is opened."
    )
    smtp_connection_seconds: int = Field(
        300, ge=10, le=86_400, description="Age at which a connection is replaced."
    )
    api_rate: int = Field(
        600, ge=1, le=1_000_000, description="Requests a minute that one token of the API may make."
    )
    catcher_port: int = Field(8025, ge=0, le=65535, description="Port of the built-in mail catcher.")
    dns_servers: Annotated[list[str], NoDecode] = Field(
        [], description="DNS servers to ask, with commas between them; empty: those of this machine."
    )

    sender_name: str = Field(
        "Halden Metering", description="From whom mail comes where a contact has no owner."
    )
    sender_address: str = Field("hello@halden.example", description="The address of that sender.")
    brand_name: str = Field("Halden Metering", description="The company as it is spoken of.")
    brand_legal_name: str = Field(
        "Halden Metering ApS", description="The legal sender at the foot of a mail."
    )
    brand_postal_address: str = Field(
        "Vesterbrogade 12, 1620 København, Denmark", description="The postal address at the foot of a mail."
    )
    brand_home: str = Field(
        "https://halden.example", description="The company's site; template links start here."
    )
    bounce_domain: str = Field("", description="Domain of the envelope sender; empty: the sender's own.")
    reply_domain: str = Field("", description="Domain that replies come to; empty: they go to the owner.")
    imap_host: str = Field("", description="Where the mailbox of returned mail is read; empty: it is not.")
    imap_port: int = Field(993, ge=1, le=65535, description="Port of that server.")
    imap_security: Literal["none", "starttls", "tls"] = Field("tls", description="How that line is secured.")
    imap_username: str = Field("", description="Account of the mailbox.")
    imap_password: str = Field("", description="Password of that account.", repr=False)
    imap_token_command: str = Field(
        "", description="A command that prints an access token (XOAUTH2) instead."
    )
    imap_folder: str = Field("INBOX", description="The folder that is read; nothing in it is changed.")
    inbound_keep_days: int = Field(90, ge=1, le=3650, description="Days for which returned mail is kept.")

    default_locale: str = Field("en", description="Language where a contact has none.")
    default_zone: str = Field(
        "Europe/Copenhagen", description="Time zone where a contact has none or a bad one."
    )
    default_country: str = Field("DK", description="Country for holidays where a contact has none.")
    lifecycle_preset: str = Field(
        "", description="inbound or outbound; empty: as sequences/lifecycle.yaml says."
    )
    tracking: Literal["none", "aggregate", "individual"] = Field(
        "individual", description="What is kept of opens and clicks where a contact has not said."
    )
    hits_days: int = Field(
        180, ge=7, le=3650, description="Days an open or click is kept with address and browser."
    )

    web_hooks_to_this_machine: bool = Field(
        False, description="Whether a web hook may call this machine itself, over http too."
    )

    demo: bool = Field(True, description="Whether the first start on an empty database makes the demo.")

    broker_url: str = Field(
        "",
        description="Redis or RabbitMQ for many machines; empty: this process ticks by itself.",
        repr=False,
    )
    worker_name: str = Field("main", description="Stable name of this worker; its journal goes by it.")
    tick_seconds: float = Field(5.0, gt=0, le=3600, description="Seconds between two ticks of the engine.")
    batch_size: int = Field(500, ge=1, le=5000, description="Rows taken at once.")
    lease_seconds: int = Field(
        300, ge=30, le=86400, description="How long a claim holds before another may take it."
    )

    @field_validator("default_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not a time zone; give one such as Europe/Lisbon")
        return value

    @field_validator("sender_address")
    @classmethod
    def _sender_is_an_address(cls, value: str) -> str:
        local, at, domain = value.rpartition("@")
        if not (local and at and domain) or not value.isprintable() or any(sign in value for sign in " <>,"):
            raise ValueError("is not a mail address; give one such as hello@example.com")
        return value

    @field_validator("retired_keys", "encryption_keys", mode="before")
    @classmethod
    def _keys_are_a_list(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("dns_servers", mode="before")
    @classmethod
    def _servers_are_addresses(cls, value: object) -> object:
        found = value.replace(",", " ").split() if isinstance(value, str) else value
        for server in found if isinstance(found, list) else ():
            if not is_server(str(server)):
                raise ValueError(
                    "holds no address of a server; give one such as 192.0.2.53 or [2001:db8::53]:5353"
                )
        return found

    @field_validator("encryption_keys")
    @classmethod
    def _encryption_keys_are_whole(cls, value: list[str]) -> list[str]:
        for number, key in enumerate(value, start=1):
            if not is_encryption_key(key):
                raise ValueError(
                    f"holds no key at place {number}; `trellis secrets new-key` prints one of 44 letters"
                )
        return value

    @field_validator("default_locale")
    @classmethod
    def _locale_is_one(cls, value: str) -> str:
        if re.fullmatch(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*", value) is None:
            raise ValueError("is not a language; give one such as en or pt-BR")
        return value

    @field_validator("default_country")
    @classmethod
    def _country_is_one(cls, value: str) -> str:
        if re.fullmatch(r"[A-Z]{2}", value) is None:
            raise ValueError("is not a country of two capitals; give one such as DK")
        return value

    @field_validator("lifecycle_preset")
    @classmethod
    def _preset_is_known(cls, value: str) -> str:
        # Which there are is said by sequences/lifecycle.yaml.
        if value and re.fullmatch(r"[a-z][a-z0-9-]*", value) is None:
            raise ValueError("is not a preset; give one of sequences/lifecycle.yaml: inbound or outbound")
        return value

    @field_validator("worker_name")
    @classmethod
    def _worker_is_a_file_name(cls, value: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value) is None:
            raise ValueError("is not a worker's name; give letters, digits, dots, dashes, such as worker-1")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_one_we_speak(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError(
                "is no address of a database we speak with; give one such as "
                "postgresql+psycopg://user:password@host/trellis, or nothing for SQLite in the data folder"
            )
        try:
            named = not value or bool(make_url(value).database)
        except ValueError:
            raise ValueError("has no port; write : / @ of a password as %3A %2F %40") from None
        if not named or value.endswith(":memory:"):
            raise ValueError("names no database; end it with /trellis, or a file for SQLite")
        return value

    @field_validator("base_url", "brand_home")
    @classmethod
    def _url_is_absolute(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with https:// (or http:// on this machine)")
        if value and re.fullmatch(r"https?://[^\s/?#\"'<>\\]+[^\s\"'<>\\]*", value) is None:
            raise ValueError("is no web address; give one such as https://mail.example.com")
        return value.rstrip("/")

    @field_validator("smtp_ca_file")
    @classmethod
    def _certificates_are_some(cls, value: str) -> str:
        if value and not _holds_certificates(Path(value)):
            raise ValueError("holds no certificate; give a PEM file that this process may read")
        return value

    @field_validator(
        "sender_name", "brand_name", "brand_legal_name", "bounce_domain", "reply_domain", "smtp_host",
        "imap_host", "imap_username", "imap_folder"
    )  # fmt: skip
    @classmethod
    def _text_is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("has line breaks or control signs; write it in one line")
        return value

    @property
    def url_of_database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'trellis.db'}"

    @property
    def public_url(self) -> str:
        return self.base_url or f"http://{'localhost' if self.host == '127.0.0.1' else self.host}:{self.port}"

    @property
    def cookie_secure(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def uses_catcher(self) -> bool:
        return not self.smtp_host

    def keys(self) -> list[bytes]:
        """The key that signs and, after it, retired ones; the first is made on the first start."""
        path = self.data_dir / "secret.key"
        first = self.secret_key
        if not first:
            if not path.exists():
                _make_key(path, secrets.token_hex(32))
            first = self.check_key_file(path)
        # Whatever their length as written, the keys in use have 32 bytes.
        return [blake2b(key.encode(), digest_size=32).digest() for key in (first, *self.retired_keys)]

    def check_key_file(self, path: Path) -> str:
        """The key in the file. A disk that was full when it was made must not leave everybody the same one."""
        key = path.read_text().strip()
        if not key:
            raise SettingsError(
                f"TRELLIS_SECRET_KEY: the key file {path} is empty. Put the key back from your backup; "
                "or remove the file for a new key, and links in mails already sent no longer work."
            )
        return key

    @property
    def encryption_key_file(self) -> Path:
        return self.data_dir / "encryption.key"

    def sealing_keys(self) -> list[str]:
        """The key that seals stored secrets and, after it, older ones; the first is made on the first use."""
        if self.encryption_keys:
            return self.encryption_keys
        if not self.encryption_key_file.exists():
            _make_key(self.encryption_key_file, new_encryption_key())
        return self.check_encryption_key_file()

    def check_encryption_key_file(self) -> list[str]:
        """The keys in the file, one a line. Raises SettingsError where one of them is not whole."""
        path = self.encryption_key_file
        keys = path.read_text(errors="replace").replace(",", " ").split()
        if not keys or not all(map(is_encryption_key, keys)):
            raise SettingsError(
                f"TRELLIS_ENCRYPTION_KEYS: the key file {path} is empty or spoilt. Put it back from your "
                "backup; or remove it for a new key, and enter the stored secrets again."
            )
        return keys


def _holds_certificates(path: Path) -> bool:
    try:
        return "BEGIN CERTIFICATE" in path.read_text("utf-8", "replace")
    except OSError:
        return False


def new_encryption_key() -> str:
    """A key for TRELLIS_ENCRYPTION_KEYS: 32 random bytes as Fernet wants them written."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _make_key(path: Path, key: str) -> None:
    """Whole or not at all, for its owner alone; of two processes that start at once the first one's stays."""
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        os.link(half, path)
    except FileExistsError:
        pass
    finally:
        half.unlink(missing_ok=True)


# Their values are not told back.
SECRETS = frozenset({"broker_url", "database_url", "encryption_keys", "secret_key", "retired_keys",
    "smtp_password", "imap_password"})  # fmt: skip


class SettingsError(Exception):
    """A setting is wrong; the text has a line for each, by the name of its variable."""


def _check_env_file(path: Path) -> None:
    """A line that cannot be read would take what follows it down without a word."""
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8-sig") as file:
            wrong = next((one.original.line for one in parse_stream(file) if one.error), None)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: byte {error.start + 1} is not UTF-8. Save the file as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}. Give this user the right to read it.") from None
    if wrong is not None:
        raise SettingsError(
            f"{path}, line {wrong}: this is no setting. Write NAME=value, and close each quote."
        )


def load_settings(**given: object) -> Settings:
    """The settings of this process. Raises SettingsError."""
    _check_env_file(Path(".env"))
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("\n".join(_line(fault) for fault in error.errors())) from None
    path = settings.data_dir / "secret.key"
    if not settings.secret_key and path.exists():
        settings.check_key_file(path)
    if not settings.encryption_keys and settings.encryption_key_file.exists():
        settings.check_encryption_key_file()
    return settings


def _line(fault: Any) -> str:
    name = str(fault["loc"][0])
    told = "" if name in SECRETS else f" (read: {str(fault['input'])[:80]!r})"
    return f"TRELLIS_{name.upper()}: {fault['msg'].removeprefix('Value error, ')}{told}"
