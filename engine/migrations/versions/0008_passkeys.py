"""Passkeys, and the challenges they are asked to sign."""

import sqlalchemy as sa
from alembic import op

revision = "0008_passkeys"
down_revision = "0007_education"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("suspect_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_passkey_territory_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_passkey_account_id"),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    op.create_index("ix_passkey_territory_id", "passkey", ["territory_id"])
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passkey_challenge"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_passkey_challenge_territory_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_passkey_challenge_account_id"),
        sa.CheckConstraint("purpose IN ('register', 'prove')", name=op.f("ck_passkey_challenge_purpose_known")),
    )
    op.create_index("ix_passkey_challenge_territory_id", "passkey_challenge", ["territory_id"])
    op.create_index("ix_passkey_challenge_account_id", "passkey_challenge", ["account_id"])
    op.create_index("ix_passkey_challenge_made_at", "passkey_challenge", ["made_at"])
