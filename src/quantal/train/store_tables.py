"""The tables of the present version, for queries; `store_schema` makes them."""

from __future__ import annotations

import sqlalchemy as sa

_ALL = sa.MetaData()

jobs = sa.Table(
    "jobs",
    _ALL,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(200)),
    sa.Column("config", sa.Text),
    sa.Column("cost", sa.Double),
    sa.Column("state", sa.String(10)),
    sa.Column("failures", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("owner", sa.String(300)),
    sa.Column("claim", sa.String(40)),
    sa.Column("lease", sa.Double),
    sa.Column("added", sa.Double),
    sa.Column("share", sa.Double),
    sa.Column("begun", sa.Double),
)
results = sa.Table(
    "results",
    _ALL,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("summary", sa.Text),
    sa.Column("runs", sa.Text),
    sa.Column("seconds", sa.Double),
    sa.Column("finished", sa.Double),
    sa.Column("versions", sa.Text),
)
curves = sa.Table(
    "curves",
    _ALL,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("data", sa.LargeBinary),
)
members = sa.Table(
    "members",
    _ALL,
    sa.Column("sweep", sa.String(200), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
)
