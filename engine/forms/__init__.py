"""Forms: a definition read from JSON, answers checked against it, values proposed before the person types."""

from engine.forms.checking import check_answers
from engine.forms.definition import (
    FIELD_TYPES,
    REFERENCE_TYPES,
    Field,
    FormDefinition,
    FormProblem,
    Option,
    Section,
    Text,
    parse_form,
)
from engine.forms.showing import prefill, visible_fields

__all__ = [
    "FIELD_TYPES",
    "REFERENCE_TYPES",
    "Field",
    "FormDefinition",
    "FormProblem",
    "Option",
    "Section",
    "Text",
    "check_answers",
    "parse_form",
    "prefill",
    "visible_fields",
]
