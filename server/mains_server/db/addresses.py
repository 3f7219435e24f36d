"""One database address in the forms its drivers want."""

from sqlalchemy import URL, make_url


def asyncpg_url(address: str) -> URL:
    """Give the address as SQLAlchemy's asyncpg dialect reads it, whatever PostgreSQL form it came in."""
    url = make_url(address).set(drivername="postgresql+asyncpg")
    ssl = url.query.get("sslmode")
    return url if ssl is None else url.difference_update_query(["sslmode"]).update_query_dict({"ssl": ssl})


def psycopg_dsn(address: str) -> str:
    """Give the address as libpq reads it: for psycopg, COPY and the job queue."""
    url = make_url(address).set(drivername="postgresql")
    ssl = url.query.get("ssl")
    plain = url if ssl is None else url.difference_update_query(["ssl"]).update_query_dict({"sslmode": ssl})
    return plain.render_as_string(hide_password=False)
