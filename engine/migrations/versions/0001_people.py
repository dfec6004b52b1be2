"""Territories, people, organisations, patients."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_people"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Forward only: going back is restoring a backup."""
    op.create_table(
        "territory",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("holidays", sa.String(length=20), nullable=False),
        sa.Column("clock_offset_seconds", sa.Integer(), nullable=False),
        sa.Column("next_case_number", sa.Integer(), nullable=False),
        sa.Column("settings", JSON_VALUE, nullable=False),
        sa.CheckConstraint("kind IN ('demo', 'live')", name=op.f("ck_territory_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory")),
        sa.UniqueConstraint("code", name=op.f("uq_territory_code")),
    )
    op.create_table(
        "professional",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("rpps", sa.String(length=11), nullable=True),
        sa.Column("title", sa.String(length=20), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("left_at", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_professional_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_professional")),
        sa.UniqueConstraint("territory_id", "rpps", name=op.f("uq_professional_territory_id_rpps")),
    )
    op.create_index(op.f("ix_professional_territory_id"), "professional", ["territory_id"], unique=False)
    op.create_table(
        "sector",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("neighbours", JSON_VALUE, nullable=False),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_sector_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sector")),
        sa.UniqueConstraint("territory_id", "code", name=op.f("uq_sector_territory_id_code")),
    )
    op.create_index(op.f("ix_sector_territory_id"), "sector", ["territory_id"], unique=False)
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("professional_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_absence_dates_in_order")),
        sa.ForeignKeyConstraint(["professional_id"], ["professional.id"], name=op.f("fk_absence_professional_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["professional.id"], name=op.f("fk_absence_substitute_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_absence_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_professional_id"), "absence", ["professional_id"], unique=False)
    op.create_index(op.f("ix_absence_territory_id"), "absence", ["territory_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("professional_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("second_factor", JSON_VALUE, nullable=True),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('person', 'service')", name=op.f("ck_account_kind_known")),
        sa.ForeignKeyConstraint(["professional_id"], ["professional.id"], name=op.f("fk_account_professional_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_account_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("territory_id", "login", name=op.f("uq_account_territory_id_login")),
    )
    op.create_index(op.f("ix_account_professional_id"), "account", ["professional_id"], unique=False)
    op.create_index(op.f("ix_account_territory_id"), "account", ["territory_id"], unique=False)
    op.create_table(
        "commune",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("sector_id", sa.Uuid(), nullable=False),
        sa.Column("insee_code", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("postcode", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(["sector_id"], ["sector.id"], name=op.f("fk_commune_sector_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_commune_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commune")),
        sa.UniqueConstraint("territory_id", "insee_code", name=op.f("uq_commune_territory_id_insee_code")),
    )
    op.create_index(op.f("ix_commune_sector_id"), "commune", ["sector_id"], unique=False)
    op.create_index(op.f("ix_commune_territory_id"), "commune", ["territory_id"], unique=False)
    op.create_table(
        "professional_sector",
        sa.Column("professional_id", sa.Uuid(), nullable=False),
        sa.Column("sector_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["professional_id"], ["professional.id"], name=op.f("fk_professional_sector_professional_id")
        ),
        sa.ForeignKeyConstraint(["sector_id"], ["sector.id"], name=op.f("fk_professional_sector_sector_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_professional_sector_territory_id")),
        sa.PrimaryKeyConstraint("professional_id", "sector_id", name=op.f("pk_professional_sector")),
    )
    op.create_index(op.f("ix_professional_sector_sector_id"), "professional_sector", ["sector_id"], unique=False)
    op.create_index(op.f("ix_professional_sector_territory_id"), "professional_sector", ["territory_id"], unique=False)
    op.create_table(
        "organization",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("org_type", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("finess", sa.String(length=9), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("commune_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_organization_commune_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["organization.id"], name=op.f("fk_organization_parent_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_organization_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("territory_id", "code", name=op.f("uq_organization_territory_id_code")),
    )
    op.create_index(op.f("ix_organization_parent_id"), "organization", ["parent_id"], unique=False)
    op.create_index(op.f("ix_organization_territory_id"), "organization", ["territory_id"], unique=False)
    op.create_table(
        "patient",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("birth_name", sa.String(length=100), nullable=False),
        sa.Column("used_name", sa.String(length=100), nullable=True),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("birth_place", sa.String(length=5), nullable=False),
        sa.Column("ins", sa.String(length=15), nullable=True),
        sa.Column("ins_oid", sa.String(length=40), nullable=True),
        sa.Column("identity_status", sa.String(length=5), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("commune_id", sa.Uuid(), nullable=True),
        sa.Column("deceased_at", MOMENT, nullable=True),
        sa.Column("opposition_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "identity_status IN ('VALI', 'RECUP', 'PROV', 'VIDE')", name=op.f("ck_patient_identity_status_known")
        ),
        sa.CheckConstraint("sex IN ('female', 'male', 'unknown')", name=op.f("ck_patient_sex_known")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_patient_commune_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_patient_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("territory_id", "ins", name=op.f("uq_patient_territory_id_ins")),
    )
    op.create_index(op.f("ix_patient_commune_id"), "patient", ["commune_id"], unique=False)
    op.create_index("ix_patient_name", "patient", ["territory_id", "birth_name", "birth_date"], unique=False)
    op.create_index(op.f("ix_patient_territory_id"), "patient", ["territory_id"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("acting_as", sa.String(length=40), nullable=True),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_sign_in_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_token_hash")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"], unique=False)
    op.create_index(op.f("ix_sign_in_territory_id"), "sign_in", ["territory_id"], unique=False)
    op.create_table(
        "care_circle_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("professional_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("person_name", sa.String(length=200), nullable=True),
        sa.Column("person_phone", sa.String(length=30), nullable=True),
        sa.Column("usual", sa.Boolean(), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_to", MOMENT, nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "professional_id IS NOT NULL OR organization_id IS NOT NULL OR person_name IS NOT NULL",
            name=op.f("ck_care_circle_member_somebody"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_care_circle_member_dates_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_care_circle_member_organization_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_care_circle_member_patient_id")),
        sa.ForeignKeyConstraint(
            ["professional_id"], ["professional.id"], name=op.f("fk_care_circle_member_professional_id")
        ),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_care_circle_member_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_circle_member")),
    )
    op.create_index(
        op.f("ix_care_circle_member_organization_id"), "care_circle_member", ["organization_id"], unique=False
    )
    op.create_index("ix_care_circle_member_patient", "care_circle_member", ["patient_id", "role"], unique=False)
    op.create_index(
        "ix_care_circle_member_professional", "care_circle_member", ["professional_id", "patient_id"], unique=False
    )
    op.create_index(op.f("ix_care_circle_member_territory_id"), "care_circle_member", ["territory_id"], unique=False)
    op.create_table(
        "professional_role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("professional_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_professional_role_dates_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_professional_role_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["professional_id"], ["professional.id"], name=op.f("fk_professional_role_professional_id")
        ),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_professional_role_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_professional_role")),
        sa.UniqueConstraint(
            "professional_id",
            "role",
            "organization_id",
            name=op.f("uq_professional_role_professional_id_role_organization_id"),
        ),
    )
    op.create_index(
        "ix_professional_role_lookup", "professional_role", ["territory_id", "role", "professional_id"], unique=False
    )
    op.create_index(
        op.f("ix_professional_role_organization_id"), "professional_role", ["organization_id"], unique=False
    )
    op.create_index(
        op.f("ix_professional_role_professional_id"), "professional_role", ["professional_id"], unique=False
    )
    op.create_index(op.f("ix_professional_role_territory_id"), "professional_role", ["territory_id"], unique=False)
