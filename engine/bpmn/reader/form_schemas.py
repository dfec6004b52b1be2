"""Form files: ours kept as it is, form-js (Camunda) and JSON schema (SpiffWorkflow) translated into it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Problem = tuple[str, str]
MAX_FIELDS = 300
_NAME = re.compile(r"[^\W\d]\w*")
_FORM_JS = {
    "textfield": "str",
    "textarea": "text",
    "number": "dec",
    "checkbox": "bool",
    "radio": "code",
    "select": "code",
    "checklist": "codes",
    "taglist": "codes",
    "datetime": "dt",
    "filepicker": "file",
}
_SILENT = frozenset(
    ["text", "html", "image", "button", "separator", "spacer", "iframe", "expression", "documentPreview"]
)


def convert_form(key: str, text: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Our form definition, and what could not be translated; None when the text is no form at all."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        return None, [(f"ce n’est pas du JSON (ligne {line}).", f"this is not JSON (line {line}).")]
    if not isinstance(value, dict):
        return None, [("ce n’est pas une définition de formulaire.", "this is not a form definition.")]
    if isinstance(value.get("sections"), list):
        return value, []
    translation = _Translation()
    if isinstance(value.get("components"), list):
        fields = translation.components(value["components"])
        title = value.get("title") or value.get("id") or key
    elif isinstance(value.get("properties"), dict):
        fields = translation.schema(value)
        title = value.get("title") or key
    else:
        return None, [("ce n’est pas un formulaire connu.", "this is not a known kind of form.")]
    form = {"key": key, "title": _both(title), "sections": [{"fields": fields}]}
    if translation.intro:
        form["intro"] = _both("\n".join(translation.intro)[:4000])
    return form, translation.problems


def _both(text: object) -> dict[str, str]:
    shown = " ".join(str(text).split())[:300]
    return {"fr": shown, "en": shown}


def _label(component: Mapping[str, Any]) -> object:
    """form-js writes the label of a date, or of a time, under a name of its own."""
    return component.get("label") or component.get("dateLabel") or component.get("timeLabel")


class _Translation:
    """One form being translated."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.intro: list[str] = []
        self.count = 0

    def components(self, components: list[Any], depth: int = 0) -> list[dict[str, Any]]:
        fields: list[dict[str, Any]] = []
        for component in components:
            if not isinstance(component, dict) or depth > 5 or self.count >= MAX_FIELDS:
                continue
            self.count += 1
            inner = component.get("components")
            if component.get("type") == "dynamiclist" and isinstance(inner, list):
                fields += self._table(component, self.components(inner, depth + 1))
            elif isinstance(inner, list):
                fields += self.components(inner, depth + 1)
            else:
                fields += self._component(component)
        return fields

    def _table(self, component: dict[str, Any], columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
        name = self._usable(component.get("path") or component.get("key") or component.get("id"))
        if name is None or not columns:
            return []
        return [{"name": name, "type": "table", "label": _both(component.get("label") or name), "columns": columns}]

    def _component(self, component: dict[str, Any]) -> list[dict[str, Any]]:
        kind = component.get("type")
        if kind in _SILENT:
            if kind == "text" and isinstance(component.get("text"), str):
                self.intro.append(re.sub(r"(?m)^#+\s*(.*?)[ \t:.]*$", r"\1.", component["text"]))
            return []
        name = self._usable(component.get("key"))
        if name is None:
            return []
        ours = _FORM_JS.get(str(kind))
        if ours is None:
            self._problem(
                f"le composant « {kind} » n’est pas connu : lu comme un texte.", f"component “{kind}” is unknown."
            )
        field: dict[str, Any] = {"name": name, "type": ours or "str", "label": _both(_label(component) or name)}
        self._refine(field, component)
        return [field]

    def _refine(self, field: dict[str, Any], component: dict[str, Any]) -> None:
        rules = component.get("validate")
        rules = rules if isinstance(rules, dict) else {}
        field["required"] = rules.get("required") is True
        if field["type"] == "dec" and component.get("decimalDigits") == 0:
            field["type"] = "int"
        if field["type"] == "dt":
            field["type"] = {"date": "date", "time": "str"}.get(str(component.get("subtype")), "dt")
        if field["type"] in ("code", "codes"):
            self._options(field, component.get("values"))
        for name, ours in (("min", "min"), ("max", "max"), ("maxLength", "max_length")):
            if isinstance(rules.get(name), int | float) and not isinstance(rules.get(name), bool):
                field[ours] = rules[name]
        if component.get("readonly") is True or component.get("disabled") is True:
            field["readonly"] = True
        if isinstance(component.get("defaultValue"), str | int | float | bool):
            field["default"] = component["defaultValue"]
        if isinstance(component.get("description"), str) and component["description"].strip():
            field["help"] = _both(component["description"])
        around = component.get("appearance")
        unit = around.get("suffixAdorner") if isinstance(around, dict) else None
        if isinstance(unit, str) and field["type"] in ("int", "dec"):
            field["unit"] = unit.strip()[:20]
        conditional = component.get("conditional")
        hide = conditional.get("hide") if isinstance(conditional, dict) else None
        if isinstance(hide, str) and hide.strip().startswith("="):
            field["visible_if"] = f"= not({hide.strip()[1:].strip()})"

    def _options(self, field: dict[str, Any], values: object) -> None:
        options = [
            {"value": str(one.get("value")), "label": _both(one.get("label") or one.get("value"))}
            for one in (values if isinstance(values, list) else [])
            if isinstance(one, dict) and one.get("value") is not None
        ]
        if options:
            field["options"] = options
            return
        field["type"] = "str"
        self._problem(
            f"les choix de « {field['name']} » ne sont pas dans le formulaire : il devient un texte.",
            f"the options of “{field['name']}” are not in the form: it becomes a text.",
        )

    def schema(self, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        fields = []
        for key, one in list(schema["properties"].items())[:MAX_FIELDS]:
            name = self._usable(key)
            if name is not None and isinstance(one, dict):
                fields.append(self._property(name, one, key in names))
        return fields

    def _property(self, name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
        field: dict[str, Any] = {"name": name, "label": _both(schema.get("title") or name), "required": required}
        choices = self._choices(schema)
        written = schema.get("type")
        if isinstance(written, list):
            written = next((one for one in written if one != "null"), "string")
        if choices:
            field["type"], field["options"] = "code", choices
        elif written == "array":
            self._array(field, schema.get("items"))
        else:
            field["type"] = self._scalar(str(written), str(schema.get("format") or ""))
        for theirs, ours in (("minimum", "min"), ("maximum", "max"), ("maxLength", "max_length")):
            if isinstance(schema.get(theirs), int | float):
                field[ours] = schema[theirs]
        if isinstance(schema.get("description"), str):
            field["help"] = _both(schema["description"])
        if isinstance(schema.get("default"), str | int | float | bool):
            field["default"] = schema["default"]
        return field

    def _array(self, field: dict[str, Any], items: object) -> None:
        inner = items if isinstance(items, dict) else {}
        choices = self._choices(inner)
        if choices:
            field["type"], field["options"] = "codes", choices
        elif isinstance(inner.get("properties"), dict):
            field["type"], field["columns"] = "table", self.schema(inner)
        else:
            field["type"] = "table"
            field["columns"] = [{"name": "value", "type": "str", "label": field["label"], "required": True}]

    @staticmethod
    def _choices(schema: dict[str, Any]) -> list[dict[str, Any]]:
        values, names = schema.get("enum"), schema.get("enumNames")
        if isinstance(values, list):
            labels = names if isinstance(names, list) and len(names) == len(values) else values
            return [{"value": str(one), "label": _both(label)} for one, label in zip(values, labels, strict=True)]
        either = schema.get("oneOf") or schema.get("anyOf")
        if isinstance(either, list):
            found = [(one.get("const"), one.get("title")) for one in either if isinstance(one, dict) and "const" in one]
            return [{"value": str(value), "label": _both(title or value)} for value, title in found]
        return []

    @staticmethod
    def _scalar(written: str, shape: str) -> str:
        if written == "string":
            return {"date": "date", "date-time": "dt", "data-url": "file"}.get(shape, "str")
        return {"boolean": "bool", "integer": "int", "number": "dec"}.get(written, "str")

    def _usable(self, name: object) -> str | None:
        text = str(name or "").strip().replace(".", "_").replace("-", "_")
        if _NAME.fullmatch(text):
            return text
        self._problem(f"le champ « {name} » n’a pas un nom utilisable.", f"the field “{name}” has no usable name.")
        return None

    def _problem(self, french: str, english: str) -> None:
        self.problems.append((french[:300], english[:300]))
