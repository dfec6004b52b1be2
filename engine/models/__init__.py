"""The tables, one module per noun. Importing this package registers all of them."""

from engine.models.access import (
    EmergencyAccess,
    ExternalIdentity,
    Invitation,
    Passkey,
    PasskeyChallenge,
    ServiceToken,
)
from engine.models.audit import AuditEvent, AuditListing
from engine.models.case import OPEN_CASE_STATES, Case, CaseFact, CaseHistory, CaseState, IncidentRow
from engine.models.columns import Table
from engine.models.delivery import IdempotencyKey, Job, Outbox
from engine.models.directory import (
    Absence,
    Account,
    Organization,
    Professional,
    ProfessionalRole,
    ProfessionalSector,
    SignIn,
)
from engine.models.education import EtpEducator, EtpPlace, EtpProgram, EtpSessionTemplate, EtpSlot
from engine.models.keys import DataKey, PatientSearchToken
from engine.models.pathway import DraftChange, Pathway, PathwayFile, PathwayVersion
from engine.models.patient import CareCircleMember, Patient
from engine.models.rights import ErasureHold, IdentityRectification
from engine.models.task import OPEN_TASK_STATES, Task, TaskDraft, TaskOffer
from engine.models.task_link import TaskLink
from engine.models.territory import Commune, Sector, TerritoryRow
from engine.models.waiting import EarlyMessage, MessageSubscription, Timer, WaitRecord

__all__ = [
    "OPEN_CASE_STATES",
    "OPEN_TASK_STATES",
    "Absence",
    "Account",
    "AuditEvent",
    "AuditListing",
    "CareCircleMember",
    "Case",
    "CaseFact",
    "CaseHistory",
    "CaseState",
    "Commune",
    "DataKey",
    "DraftChange",
    "EarlyMessage",
    "EmergencyAccess",
    "ErasureHold",
    "EtpEducator",
    "EtpPlace",
    "EtpProgram",
    "EtpSessionTemplate",
    "EtpSlot",
    "ExternalIdentity",
    "IdempotencyKey",
    "IdentityRectification",
    "IncidentRow",
    "Invitation",
    "Job",
    "MessageSubscription",
    "Organization",
    "Outbox",
    "Passkey",
    "PasskeyChallenge",
    "Pathway",
    "PathwayFile",
    "PathwayVersion",
    "Patient",
    "PatientSearchToken",
    "Professional",
    "ProfessionalRole",
    "ProfessionalSector",
    "Sector",
    "ServiceToken",
    "SignIn",
    "Table",
    "Task",
    "TaskDraft",
    "TaskLink",
    "TaskOffer",
    "TerritoryRow",
    "Timer",
    "WaitRecord",
]
