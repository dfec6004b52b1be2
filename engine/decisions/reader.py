"""DMN bytes to decision tables, every cell compiled; all that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from engine.decisions.model import Aggregation, DecisionTable, HitPolicy, Input, Output, Rule
from engine.decisions.problems import DecisionProblem, InvalidDecision
from engine.decisions.xml import Element, child, children, line_of, read_definitions, refused, text_of
from engine.expressions import Dialect, Expression, ExpressionError, compile_expression, compile_unary_tests

MAX_DECISIONS = 50
MAX_RULES = 500
MAX_COLUMNS = 30

_LANGUAGES: dict[str, Dialect] = {"feel": "feel", "juel": "juel"}


@lru_cache(maxsize=256)
def read_decisions(data: bytes) -> tuple[DecisionTable, ...]:
    """The decisions of a DMN file, in its order. Raises InvalidDecision with every problem found."""
    return _Reader(read_definitions(data)).tables()


def read_decision(data: bytes, key: str) -> DecisionTable:
    """One decision of a file. Raises InvalidDecision when the file has none of that key."""
    for table in read_decisions(data):
        if table.key == key:
            return table
    raise refused(
        f"La décision « {key} » n'est pas dans ce fichier.",
        f"There is no decision “{key}” in this file.",
        code="DMN-002",
    )


class _Reader:
    """Reads one file. Decisions are built when first asked for, so that each finds those it requires."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.problems: list[DecisionProblem] = []
        self.elements = {element.get("id", ""): element for element in children(root, "decision")}
        self.built: dict[str, DecisionTable] = {}
        self.building: list[str] = []
        self.names = frozenset(_declared_names(root))

    def tables(self) -> tuple[DecisionTable, ...]:
        if not self.elements:
            raise refused("Ce fichier ne contient aucune décision.", "This file has no decision.", code="DMN-002")
        if len(self.elements) > MAX_DECISIONS:
            raise refused(f"Ce fichier a plus de {MAX_DECISIONS} décisions.", f"Over {MAX_DECISIONS} decisions.")
        for key in self.elements:
            self.build(key)
        if self.problems:
            raise InvalidDecision(self.problems)
        return tuple(self.built[key] for key in self.elements)

    def problem(self, french: str, english: str, line: int, rule: int | None = None, code: str = "DMN-003") -> None:
        key = self.building[-1] if self.building else ""
        self.problems.append(
            DecisionProblem(
                code=code, severity="error", sentence=french, english=english, decision=key, rule=rule, line=line
            )
        )

    def build(self, key: str) -> DecisionTable | None:
        if key in self.built:
            return self.built[key]
        element = self.elements[key]
        if key in self.building:
            self.problem(
                f"La décision « {key} » dépend d'elle-même.", f"The decision “{key}” requires itself.", line_of(element)
            )
            return None
        self.building.append(key)
        try:
            self.built[key] = self._decision(key, element)
        finally:
            self.building.pop()
        return self.built[key]

    def _decision(self, key: str, element: Element) -> DecisionTable:
        line = line_of(element)
        name = element.get("name") or key
        variable_element = child(element, "variable")
        variable = (variable_element.get("name") if variable_element is not None else None) or name
        table, literal = child(element, "decisionTable"), child(element, "literalExpression")
        policy, aggregation = self._policy(table)
        if table is None and literal is None:
            self.problem(
                f"La décision « {name} » n'a ni table ni expression.",
                f"“{name}” has neither table nor expression.",
                line,
            )
        return DecisionTable(
            key=key,
            name=name,
            inputs=self._inputs(table) if table is not None else (),
            outputs=self._outputs(table, variable, key) if table is not None else (_only_output(key, name, line),),
            rules=self._rules(table) if table is not None else self._literal_rule(literal),
            hit_policy=policy,
            aggregation=aggregation,
            variable=variable,
            requires=self._requires(element),
            line=line,
        )

    def _policy(self, table: Element | None) -> tuple[HitPolicy, Aggregation | None]:
        written = table.get("hitPolicy", "UNIQUE") if table is not None else "UNIQUE"
        together = table.get("aggregation") if table is not None else None
        try:
            return HitPolicy(written), Aggregation(together) if together else None
        except ValueError:
            self.problem(
                f"La règle de choix « {written} {together or ''} » n'est pas connue.",
                f"The hit policy “{written} {together or ''}” is not known.",
                line_of(table) if table is not None else 0,
            )
            return HitPolicy.UNIQUE, None

    def _requires(self, element: Element) -> tuple[DecisionTable, ...]:
        required: list[DecisionTable] = []
        for requirement in children(element, "informationRequirement"):
            link = child(requirement, "requiredDecision")
            if link is None:
                continue
            target = link.get("href", "").removeprefix("#")
            if target not in self.elements:
                self.problem(
                    f"La décision requise « {target} » n'est pas dans ce fichier.",
                    f"The required decision “{target}” is not in this file.",
                    line_of(requirement),
                )
            elif (table := self.build(target)) is not None:
                required.append(table)
        return tuple(required)

    def _inputs(self, table: Element) -> tuple[Input, ...]:
        inputs: list[Input] = []
        for number, element in enumerate(children(table, "input"), 1):
            written = child(element, "inputExpression")
            allowed = text_of(child(element, "inputValues"))
            label = element.get("label") or text_of(written) or f"entrée {number}"
            inputs.append(
                Input(
                    label=label,
                    expression=self._expression(text_of(written), written, element, label),
                    type=written.get("typeRef") if written is not None else None,
                    allowed=self._tests(allowed, None, element, label) if allowed else None,
                    line=line_of(element),
                )
            )
        if len(inputs) > MAX_COLUMNS:
            self.problem(
                f"La table a plus de {MAX_COLUMNS} colonnes.",
                f"The table has over {MAX_COLUMNS} columns.",
                line_of(table),
            )
        return tuple(inputs)

    def _outputs(self, table: Element, variable: str, key: str) -> tuple[Output, ...]:
        outputs: list[Output] = []
        elements = children(table, "output")
        for element in elements:
            name = element.get("name") or (variable if variable.isidentifier() else key)
            label = element.get("label") or name
            values, default = text_of(child(element, "outputValues")), child(element, "defaultOutputEntry")
            outputs.append(
                Output(
                    name=name,
                    label=label,
                    type=element.get("typeRef"),
                    values=self._expression(f"[{values}]", None, element, label) if values else None,
                    default=self._expression(text_of(default), default, element, label)
                    if default is not None
                    else None,
                    line=line_of(element),
                )
            )
        if not outputs or len({output.name for output in outputs}) != len(outputs):
            self.problem(
                "La table n'a pas de sortie, ou deux sorties du même nom.",
                "The table has no output, or two of the same name.",
                line_of(table),
            )
        return tuple(outputs)

    def _rules(self, table: Element) -> tuple[Rule, ...]:
        width = len(children(table, "input")), len(children(table, "output"))
        elements = children(table, "rule")
        if not 0 < len(elements) <= MAX_RULES:
            self.problem(
                f"La table a {len(elements)} règles : il en faut de 1 à {MAX_RULES}.",
                f"The table has {len(elements)} rules: 1 to {MAX_RULES} are wanted.",
                line_of(table),
            )
        return tuple(self._rule(number, element, width) for number, element in enumerate(elements[:MAX_RULES], 1))

    def _rule(self, number: int, element: Element, width: tuple[int, int]) -> Rule:
        tests, outputs = children(element, "inputEntry"), children(element, "outputEntry")
        if (len(tests), len(outputs)) != width:
            self.problem(
                f"La règle {number} n'a pas autant de cellules que la table de colonnes.",
                f"Rule {number} has not as many cells as the table has columns.",
                line_of(element),
                number,
            )
        description = child(element, "description")
        where = f"règle {number}"
        return Rule(
            number=number,
            tests=tuple(self._tests(text_of(cell) or "-", cell, cell, where, number) for cell in tests),
            outputs=tuple(self._expression(text_of(cell) or "null", cell, cell, where, number) for cell in outputs),
            description=(description.text or "").strip() if description is not None else "",
            line=line_of(element),
        )

    def _literal_rule(self, literal: Element | None) -> tuple[Rule, ...]:
        if literal is None:
            return ()
        expression = self._expression(text_of(literal), literal, literal, "expression")
        return (Rule(number=1, tests=(), outputs=(expression,), description="", line=line_of(literal)),)

    def _expression(
        self, text: str, language: Element | None, place: Element, where: str, rule: int | None = None
    ) -> Expression:
        return self._compiled(compile_expression, text, language, place, where, rule)

    def _tests(
        self, text: str, language: Element | None, place: Element, where: str, rule: int | None = None
    ) -> Expression:
        return self._compiled(compile_unary_tests, text, language, place, where, rule)

    def _compiled(
        self,
        compiler: Callable[..., Expression],
        text: str,
        language: Element | None,
        place: Element,
        where: str,
        rule: int | None,
    ) -> Expression:
        """The cell compiled; when it cannot be, a problem, and an expression that answers null in its stead."""
        written = (language.get("expressionLanguage") if language is not None else None) or "feel"
        dialect = next((known for end, known in _LANGUAGES.items() if end in written.lower()), None)
        if dialect is None:
            self.problem(
                f"{where} : le langage « {written} » n'est pas lu, écrivez en FEEL.",
                f"{where}: the language “{written}” is not read, write FEEL.",
                line_of(place),
                rule,
            )
            return compile_expression("null", dialect="feel")
        try:
            return compiler(text, dialect=dialect, names=self.names)
        except ExpressionError as error:
            self.problem(
                f"{where} : « {text[:80]} » ne se lit pas. {error}", f"{where}: “{text[:80]}” cannot be read.",
                line_of(place), rule, "DMN-004",
            )  # fmt: skip
            return compile_expression("null", dialect="feel")


def _only_output(key: str, name: str, line: int) -> Output:
    return Output(name=key, label=name, type=None, values=None, default=None, line=line)


def _declared_names(root: Element) -> Iterable[str]:
    """Names of several words that inputs and decisions of the file have."""
    for kind in ("inputData", "decision"):
        for element in children(root, kind):
            variable = child(element, "variable")
            for name in (element.get("name"), variable.get("name") if variable is not None else None):
                if name and not name.isidentifier() and _is_name(name):
                    yield name


def _is_name(text: str) -> bool:
    try:
        return compile_expression(text, dialect="feel", names=[text]).names == {text}
    except ExpressionError:
        return False
