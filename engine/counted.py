"""Which values of a case the indicators count: they name nobody, are kept readable, and outlive an erasure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.forms import FormDefinition

COUNTED_TYPES = frozenset({"bool", "int", "dec", "date", "dt", "code", "codes"})
COUNTED_NAMES = frozenset({"outcome"})
"""Facts without a form that the indicators count."""


def is_counted(name: str, form_key: str | None, forms: Mapping[str, FormDefinition]) -> bool:
    """True for codes, dates, numbers and yes/no answers of a form; every other value is sealed, and erased."""
    form = forms.get(form_key or "")
    field = form.fields.get(name) if form is not None else None
    return name in COUNTED_NAMES if field is None else field.type in COUNTED_TYPES
