"""Finding what cannot be read: a patient by the beginning of a name or by the INS, a case by the stay it is for.

The database holds keyed digests (HMAC under a key of the territory) of the beginnings of the words of a name, without
accents or case. A query is cut into words and digested in the same way; every word must begin one of the names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, false, insert, or_
from sqlalchemy.orm import Session, aliased

from engine.models import Case, Patient, PatientSearchToken
from engine.sealing import SealingKey, key_of, keyring_of

SHORTEST = 3
"""Letters of the shortest beginning. A shorter word (« Li ») is found whole when alone, passed over beside others."""
LONGEST = 12
"""Letters looked at: more of a word never finds more."""
MOST_WORDS = 5
LONGEST_BUSINESS_KEY = 200
HIDDEN = "~"
"""What a digest begins with inside a business key."""


def names_begin(
    session: Session, text: str, *, territory_id: UUID, patient_id: Any = Patient.id
) -> ColumnElement[bool]:
    """True in SQL for patients of whom every word of `text` begins a birth, used or given name."""
    key = _key(session, territory_id)
    typed = _words(text)[:MOST_WORDS]
    words = [word for word in typed if len(word) >= SHORTEST] or typed
    if key is None or not words:
        return false()
    return and_(*(_holds(territory_id, patient_id, key.digest(word[:LONGEST])) for word in words))


def birth_name_is(session: Session, name: str, *, territory_id: UUID) -> ColumnElement[bool]:
    """True in SQL for patients of exactly this birth name, whatever its accents and case."""
    key = _key(session, territory_id)
    return false() if key is None else _holds(territory_id, Patient.id, key.digest(_whole(name)))


def ins_is(session: Session, ins: str, *, territory_id: UUID) -> ColumnElement[bool]:
    """True in SQL for the patient of this INS."""
    key = _key(session, territory_id)
    return false() if key is None else Patient.ins_token == key.digest(_ins(ins))


def reads_as_ins(text: str) -> bool:
    """True when what was typed is an INS, with or without spaces."""
    digits = "".join(text.split())
    return len(digits) == 15 and digits[:13].isdigit()


def alphabetical(patient: Patient) -> tuple[list[str], list[str], date]:
    """What patients are sorted by, once they are read."""
    return (_words(patient.birth_name), _words(patient.given_name), patient.birth_date)


def business_key_is(session: Session, business_key: str, *, territory_id: UUID) -> ColumnElement[bool]:
    """True in SQL for the case of this pathway, patient and stay."""
    key = _key(session, territory_id)
    kept = [business_key] if key is None else [business_key, _hidden(key, business_key)]
    return Case.business_key.in_(kept)  # as it is: written by an earlier release, and not sealed yet


def stay_is(session: Session, stay: str, *, territory_id: UUID) -> ColumnElement[bool]:
    """True in SQL for cases whose business key ends with this stay."""
    key = _key(session, territory_id)
    kept = [stay] if key is None else [stay, _digests(key, stay.split(":"))]
    return or_(*(Case.business_key.endswith(f":{one}", autoescape=True) for one in kept))


def shows_stay(business_key: str) -> bool:
    """True for a business key of an earlier release, whose stay can be read."""
    return not all(_is_id(part) or part.startswith(HIDDEN) for part in business_key.split(":")[1:])


def hidden_business_key(session: Session, business_key: str, *, territory_id: UUID) -> str:
    """The pathway and the patient as they are, the rest (a number of stay) as digests: for the case's row."""
    return _hidden(key_of(session, "index", territory_id, territory_id), business_key)


def make_findable(
    session: Session, *, patient_id: UUID, territory_id: UUID, birth_name: str, other_names: Iterable[str | None]
) -> None:
    """Write the digests of a patient's names."""
    key = key_of(session, "index", territory_id, territory_id)
    beginnings = {part for name in (birth_name, *other_names) for part in _beginnings(name or "")}
    session.execute(
        insert(PatientSearchToken),
        [
            {"territory_id": territory_id, "token": key.digest(part), "patient_id": patient_id}
            for part in sorted({*beginnings, _whole(birth_name)})
        ],
    )


def ins_token(session: Session, ins: str | None, *, territory_id: UUID) -> str | None:
    """The digest of an INS, for the patient's row."""
    return key_of(session, "index", territory_id, territory_id).digest(_ins(ins)) if ins else None


def forget(session: Session, *, patient_id: UUID) -> None:
    """Nobody finds the patient by name any more."""
    session.execute(delete(PatientSearchToken).where(PatientSearchToken.patient_id == patient_id))


def _holds(territory_id: UUID, patient_id: Any, token: str) -> ColumnElement[bool]:
    row = aliased(PatientSearchToken)
    return exists().where(row.territory_id == territory_id, row.token == token, row.patient_id == patient_id)


def _key(session: Session, territory_id: UUID) -> SealingKey | None:
    """None while the territory has no patient to find."""
    return keyring_of(session).known(session.connection(), "index", territory_id)


def _whole(name: str) -> str:
    return f"birth_name={' '.join(_words(name))}"


def _hidden(key: SealingKey, business_key: str) -> str:
    pathway, *rest = business_key.split(":")
    return f"{pathway}:{_digests(key, rest)}"[:LONGEST_BUSINESS_KEY]


def _digests(key: SealingKey, parts: Sequence[str]) -> str:
    return ":".join(part if _is_id(part) else HIDDEN + key.digest(f"stay={part}") for part in parts)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _ins(ins: str) -> str:
    return f"ins={''.join(ins.split())}"


def _beginnings(name: str) -> Iterator[str]:
    for word in _words(name):
        yield from (word[:length] for length in range(min(SHORTEST, len(word)), min(LONGEST, len(word)) + 1))


def _words(text: str) -> list[str]:
    """The words of a name, without accents, case or punctuation: « DEMO-ABÉILLE » gives demo, abeille."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)).casefold()
    return "".join(one if one.isalnum() else " " for one in plain).split()
