"""The way from a patient to the events of the trace that show several."""

import sqlalchemy as sa
from alembic import op

revision = "0016_audit_listing"
down_revision = "0015_identity_rectification"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

POSTGRESQL = """
INSERT INTO audit_listing (patient_id, event_id)
  SELECT DISTINCT listed.patient::uuid, audit_event.id
  FROM audit_event, jsonb_array_elements_text(audit_event.detail -> 'patients') AS listed(patient)
  WHERE audit_event.patient_id IS NULL AND jsonb_typeof(audit_event.detail -> 'patients') = 'array';
CREATE TRIGGER audit_listing_append_only BEFORE UPDATE OR DELETE ON audit_listing
  FOR EACH ROW EXECUTE FUNCTION parcours_append_only();
CREATE TRIGGER audit_listing_no_truncate BEFORE TRUNCATE ON audit_listing
  FOR EACH STATEMENT EXECUTE FUNCTION parcours_append_only();
"""

SQLITE = (
    """INSERT INTO audit_listing (patient_id, event_id)
       SELECT DISTINCT listed.value, audit_event.id
       FROM audit_event, json_each(audit_event.detail, '$.patients') AS listed
       WHERE audit_event.patient_id IS NULL""",
    *(
        f"""CREATE TRIGGER audit_listing_no_{verb.lower()} BEFORE {verb} ON audit_listing
            BEGIN SELECT RAISE(ABORT, 'audit_listing is append-only'); END"""
        for verb in ("UPDATE", "DELETE")
    ),
)


def upgrade() -> None:
    """One table, filled from the trace."""
    op.create_table(
        "audit_listing",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "event_id", name="pk_audit_listing"),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name="fk_audit_listing_event_id"),
    )
    op.create_index("ix_audit_listing_event_id", "audit_listing", ["event_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    for statement in SQLITE:
        op.execute(statement)
