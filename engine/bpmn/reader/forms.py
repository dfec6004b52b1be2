"""Forms of every dialect → our form definition (a JSON value: key, title, sections of fields)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.bpmn.model import HumanWork
from engine.bpmn.reader import people, texts
from engine.bpmn.reader.draft import DraftNode
from engine.bpmn.reader.form_schemas import convert_form
from engine.bpmn.reader.namespaces import ZEEBE, camunda, camunda_extension, clean_name, extension
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element

_CAMUNDA_TYPES = {
    "string": "str",
    "long": "int",
    "integer": "int",
    "int": "int",
    "double": "dec",
    "float": "dec",
    "boolean": "bool",
    "date": "date",
    "enum": "code",
    "file": "file",
    "text": "text",
}


def with_form(reading: Reading, source: Source, node: DraftNode, element: Element, work: HumanWork) -> HumanWork:
    """The work with the key of its form; a form written inside the BPMN is translated and registered."""
    inner = _camunda_form(reading, node, element)
    if inner is not None:
        key = work.form_key if work.form_key and work.form_key not in reading.forms else f"form_{node.id}"
        reading.forms[key] = {"key": key, "title": both(node.shown), "sections": [{"fields": inner}]}
        return replace(work, form_key=key)
    wanted = work.form_key or _foreign_key(element)
    if wanted and source.dialect == "parcours" and people.is_expression(wanted):
        found_text = texts.expression(wanted, node.place, source=source.dialect)
        texts.note_bad_expression(reading.journal, node, "Le choix du formulaire", "The form expression", found_text)
        return replace(work, form_key=None, form_key_expression=found_text)
    if not wanted:
        return work
    found = _known_form(reading, wanted)
    if found is not None:
        return replace(work, form_key=found)
    reading.missing.add(("form", wanted))
    reading.missing.add(("form", re.split(r"[:/]", wanted)[-1]))
    if source.dialect == "parcours":
        reading.journal.error(
            "FM-001",
            node,
            f"Le formulaire « {wanted} » de la tâche « {node.shown} » n’est pas dans les fichiers : ajoutez-le.",
            f"The form “{wanted}” of the task “{node.shown}” is not among the files: add it.",
        )
        return work
    reading.journal.warning(
        "FM-002",
        node,
        f"Le formulaire « {wanted} » de la tâche « {node.shown} » n’est pas dans les fichiers : ses champs ne seront"
        " pas"
        " demandés.",
        f"The form “{wanted}” of the task “{node.shown}” is not among the files: its fields will not be asked.",
    )
    return replace(work, form_key=None)


def start_form(reading: Reading, source: Source, start: DraftNode) -> str | None:
    """The key of the form that a file of another modeller puts on its start event."""
    if source.dialect == "parcours" or start.element is None:
        return None
    return with_form(reading, source, start, start.element, HumanWork()).form_key


def both(text: str) -> dict[str, str]:
    """A label that exists in one language only, shown in both."""
    return {"fr": text, "en": text}


def _foreign_key(element: Element) -> str | None:
    zeebe = extension(element, ZEEBE, "formDefinition")
    if zeebe is not None:
        return zeebe.get("formId") or zeebe.get("formKey") or zeebe.get("externalReference")
    properties = people.spiff_properties(element)
    return properties.get("formJsonSchemaFilename") or camunda(element, "formRef") or camunda(element, "formKey")


def _known_form(reading: Reading, wanted: str) -> str | None:
    """The key under which a form was registered, whatever prefix or file ending the reference carries."""
    plain = re.sub(r"^(camunda-forms|embedded):(\w+:)?", "", wanted.strip()).rpartition("/")[2]
    for candidate in (wanted, plain, plain.rpartition(".")[0]):
        candidate = reading.form_names.get(candidate, candidate)
        if candidate and candidate in reading.forms:
            return candidate
    return None


def embedded_forms(reading: Reading, process: Element) -> None:
    """Camunda 8 writes the forms of user tasks into the process itself (`userTaskForm`, a form-js JSON text)."""
    for holder in process.children:
        for one in holder.children if holder.name == "extensionElements" else ():
            if one.namespace == ZEEBE and one.name == "userTaskForm" and one.get("id"):
                register(reading, [one.get("id") or ""], one.text, one)


def register(reading: Reading, keys: Iterable[str], text: str, about: Element | str) -> bool:
    """Translate a form (ours, form-js or JSON schema) and keep it under its keys; a finding when it cannot be read."""
    names = [key for key in keys if key]
    form, problems = convert_form(names[0], text)
    where = about if isinstance(about, Element) else None
    for french, english in problems:
        reading.journal.warning(
            "FM-004", where, f"Formulaire « {names[0]} » : {french}", f"Form “{names[0]}”: {english}"
        )
    if form is None:
        return False
    reading.forms.setdefault(names[0], form)
    for name in names[1:]:
        reading.form_names.setdefault(name, names[0])
    return True


def _camunda_form(reading: Reading, node: DraftNode, element: Element) -> list[dict[str, Any]] | None:
    written = [
        one for data in camunda_extension(element, "formData") for one in data.children if one.name == "formField"
    ]
    written += list(camunda_extension(element, "formProperty"))
    fields = [_camunda_field(reading, node, one) for one in written]
    found = [field for field in fields if field is not None]
    return found or None


def _camunda_field(reading: Reading, node: DraftNode, element: Element) -> dict[str, Any] | None:
    name = (element.get("id") or "").strip()
    if element.get("writable") == "false":
        return None
    if not re.fullmatch(r"[^\W\d]\w*", name):
        reading.journal.warning(
            "FM-003",
            element,
            f"Le champ « {clean_name(name)} » de « {node.shown} » n’a pas un nom utilisable (lettres, chiffres, _) :"
            " il n’est pas"
            " demandé.",
            f"The field “{clean_name(name)}” of “{node.shown}” has no usable name: it is not asked.",
        )
        return None
    written = (element.get("type") or "string").strip().lower()
    label = clean_name(element.get("label") or element.get("name")) or name
    kind = _CAMUNDA_TYPES.get(written)
    if kind is None:
        reading.journal.warning(
            "FM-005",
            element,
            f"Le type « {clean_name(written)} » du champ « {name} » n’est pas connu : il est lu comme un texte.",
            f"The type “{clean_name(written)}” of the field “{name}” is unknown: it is read as text.",
        )
    field: dict[str, Any] = {"name": name, "type": kind or "str", "label": both(label), "required": False}
    if element.get("required") == "true":
        field["required"] = True
    options = [one for one in element.children if one.name == "value"]
    if kind == "code" and not options:
        field["type"] = "str"
    elif kind == "code":
        field["options"] = [
            {
                "value": one.get("id") or one.get("name") or "",
                "label": both(clean_name(one.get("name") or one.get("id"))),
            }
            for one in options
        ]
    _constraints(field, element)
    default = element.get("defaultValue") or element.get("default")
    if default and not people.is_expression(default):
        _default(field, default)
    return field


def _constraints(field: dict[str, Any], element: Element) -> None:
    rules = {
        (one.get("name") or ""): one.get("config") or ""
        for holder in element.children
        if holder.name == "validation"
        for one in holder.children
    }
    if rules.get("required", "false") != "false" or ("required" in rules and not rules["required"]):
        field["required"] = True
    if "readonly" in rules:
        field["readonly"] = True
        field["required"] = False
    for name in ("min", "max"):
        if re.fullmatch(r"-?\d+(\.\d+)?", rules.get(name, "")) and field["type"] in ("int", "dec"):
            field[name] = int(rules[name]) if "." not in rules[name] else float(rules[name])
    if rules.get("maxlength", "").isdigit() and field["type"] in ("str", "text"):
        field["max_length"] = int(rules["maxlength"])


def _default(field: dict[str, Any], text: str) -> None:
    match field["type"]:
        case "bool":
            field["default"] = text.lower() == "true"
        case "int":
            if re.fullmatch(r"-?\d{1,15}", text):
                field["default"] = int(text)
        case "code":
            if text in [option["value"] for option in field["options"]]:
                field["default"] = text
        case "str" | "text":
            field["default"] = text


def fields_of(form: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """All fields of a form definition; empty for anything that is not one."""
    if not isinstance(form, Mapping):
        return []
    sections = form.get("sections")
    found: list[Mapping[str, Any]] = []
    for section in sections if isinstance(sections, list) else []:
        fields = section.get("fields") if isinstance(section, Mapping) else None
        found += [field for field in fields or [] if isinstance(field, Mapping) and isinstance(field.get("name"), str)]
    return found
