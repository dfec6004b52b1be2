"""What can go wrong, said to people.

ParcoursError
├── NotFound                    what one may not see does not exist either (404)
│   ├── CaseNotFound · TaskNotFound · PatientNotFound · PathwayNotFound · ProfessionalNotFound
├── NotAllowed                  a rule refused (403)
│   ├── ProofNeeded             who they are must be proved again, to sign
│   └── ScopeMissing            the token of a program does not open this
├── Conflict                    somebody else, or the clock, was faster (409)
│   ├── TaskAlreadyCompleted · TaskAlreadyTaken · TaskClosed
│   ├── CaseClosed · CaseChanged · DuplicateCase · StepNotOpen
│   ├── AlreadyPublished
│   └── SealBroken              a sealed value or its key was changed outside; defined beside its subject
├── Invalid                     what was sent cannot be used (422)
│   ├── InvalidAnswers          one sentence per field
│   ├── InvalidPathway          the findings
│   ├── InvalidMessage · InvalidRequest
│   └── ExpressionError · InvalidDuration · InvalidDecision · DecisionError   defined beside their subject
└── EngineFailure               the engine could not go on; the case has an incident

Every message is one or two French sentences fit for a clinician: what happened, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ParcoursError(Exception):
    """Root of the tree. `str(error)` is a sentence for people."""


class NotFound(ParcoursError):
    """The thing does not exist, or the actor may not know that it does."""


class CaseNotFound(NotFound):
    """No such case for this actor."""


class TaskNotFound(NotFound):
    """No such task for this actor."""


class PatientNotFound(NotFound):
    """No such patient for this actor."""


class PathwayNotFound(NotFound):
    """No such pathway or version."""


class ProfessionalNotFound(NotFound):
    """No such professional in this territory."""


class NotAllowed(ParcoursError):
    """A rule of `engine.policies` refused."""


class ProofNeeded(NotAllowed):
    """What is signed needs a fresh proof of who signs."""


class ScopeMissing(NotAllowed):
    """The token was issued for other acts. `scope` is the one that is missing."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"Ce jeton n'ouvre pas « {scope} ». Demandez à l'administration du territoire un jeton qui l'ouvre."
        )
        self.scope = scope


class Conflict(ParcoursError):
    """The world changed since the page was shown."""


class TaskAlreadyCompleted(Conflict):
    """Somebody finished the task; the sentence says who and when."""


class TaskAlreadyTaken(Conflict):
    """Somebody accepted the task first; the sentence says who and when."""


class TaskClosed(Conflict):
    """The task is no longer open (its step was left, or the case moved on)."""


class CaseClosed(Conflict):
    """The case has ended."""


class CaseChanged(Conflict):
    """The case moved between reading and writing; reload and try again."""


class DuplicateCase(Conflict):
    """The same patient already has this pathway for this stay. `case_number` names the running case."""

    def __init__(self, sentence: str, *, case_number: str) -> None:
        super().__init__(sentence)
        self.case_number = case_number


class StepNotOpen(Conflict):
    """The engine has no open step under that token."""


class AlreadyPublished(Conflict):
    """A published version never changes."""


class Invalid(ParcoursError):
    """What was sent cannot be used."""


class InvalidAnswers(Invalid):
    """`problems` maps a field name (or `field.row.column` in a table) to a sentence."""

    def __init__(self, sentence: str, problems: Mapping[str, str]) -> None:
        super().__init__(sentence)
        self.problems = dict(problems)


class InvalidPathway(Invalid):
    """`findings` are the checker's, errors first (values of `engine.bpmn.findings.Finding`)."""

    def __init__(self, sentence: str, findings: Sequence[object]) -> None:
        super().__init__(sentence)
        self.findings = tuple(findings)


class InvalidMessage(Invalid):
    """A message without a usable address: blank correlation key, unknown name, wrong payload."""


class InvalidRequest(Invalid):
    """A parameter is missing or out of range."""


class EngineFailure(ParcoursError):
    """The step stopped; nothing was changed and the case shows an incident."""
