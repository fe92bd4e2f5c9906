"""The address of a PostgreSQL database, whose password is never shown."""

from dataclasses import dataclass, field

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class PostgresAddress:
    """A libpq URI or connection string, read from the setting ``setting``.

    Raises ValueError, without the address, where that cannot be read.
    """

    text: str = field(repr=False)
    setting: str
    statement_timeout_seconds: int

    def __post_init__(self) -> None:
        """Refuse an address that cannot be read, and never show it."""
        try:
            conninfo_to_dict(self.text)
        except ProgrammingError:
            message = (
                f"{self.setting} cannot be read; expected an address such as "
                "postgresql://user:secret@host:5432/database"
            )
            raise ValueError(message) from None

    @property
    def place(self) -> str:
        """Host, port and database, whoever connects."""
        parts = conninfo_to_dict(self.text)
        return "/".join(
            str(parts.get(part) or "") for part in ("host", "port", "dbname")
        )

    def connection_string(self, *settings: str) -> str:
        """Return what a driver connects with: UTC, our timeouts, and ``settings``."""
        given = conninfo_to_dict(self.text).get("options") or ""
        ours = (
            *settings,
            "timezone=UTC",
            f"statement_timeout={self.statement_timeout_seconds}s",
        )
        return make_conninfo(
            self.text,
            options=" ".join([str(given), *(f"-c {one}" for one in ours)]).strip(),
            application_name="seller-advances",
            connect_timeout=_CONNECT_SECONDS,
        )

    def without_password(self, error: BaseException) -> str:
        """Return a driver's message on one line, its password blotted out."""
        text = " ".join(str(error).split())
        password = conninfo_to_dict(self.text).get("password")
        return text.replace(str(password), "***") if password else text
