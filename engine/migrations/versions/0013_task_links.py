"""Tasks answered by link."""

import sqlalchemy as sa
from alembic import op

revision = "0013_task_links"
down_revision = "0012_program_tokens"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One table."""
    op.create_table(
        "task_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("sent_by", sa.String(200), nullable=False),
        sa.Column("sent_by_id", sa.Uuid()),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("opened_at", MOMENT),
        sa.Column("code_asked_at", MOMENT),
        sa.Column("code_hash", sa.String(200)),
        sa.Column("code_until", MOMENT),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("session_hash", sa.String(64)),
        sa.Column("session_until", MOMENT),
        sa.Column("answered_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_task_link"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_task_link_territory_id"),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name="fk_task_link_case_id"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_task_link_task_id"),
        sa.ForeignKeyConstraint(["member_id"], ["care_circle_member.id"], name="fk_task_link_member_id"),
        sa.ForeignKeyConstraint(["sent_by_id"], ["professional.id"], name="fk_task_link_sent_by_id"),
        sa.UniqueConstraint("secret_hash", name="uq_task_link_secret_hash"),
        sa.UniqueConstraint("session_hash", name="uq_task_link_session_hash"),
        sa.CheckConstraint("(code_hash IS NULL) = (code_until IS NULL)", name=op.f("ck_task_link_code_has_an_end")),
        sa.CheckConstraint(
            "(session_hash IS NULL) = (session_until IS NULL)", name=op.f("ck_task_link_session_has_an_end")
        ),
        sa.CheckConstraint("answered_at IS NULL OR session_hash IS NULL", name=op.f("ck_task_link_serves_once")),
    )
    op.create_index("ix_task_link_territory_id", "task_link", ["territory_id"])
    op.create_index("ix_task_link_member_id", "task_link", ["member_id"])
    op.create_index("ix_task_link_task", "task_link", ["task_id", "sent_at"])
    op.create_index("ix_task_link_case", "task_link", ["case_id"])
