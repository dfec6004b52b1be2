"""« Essayer »: a pathway played by hand on a virtual clock, in memory only. Nobody is told, nothing is stored.

A play is a journal of moves, replayed from the start at each page: going back is dropping the last move. The moves come
from a browser: each is checked against what is really open when its turn comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from engine.bpmn import runner
from engine.bpmn.program import Program, build_program
from engine.bpmn.random_answers import Answers, unwritten_names
from engine.bpmn.step import Surroundings
from engine.calendars import Calendar
from engine.errors import InvalidAnswers, InvalidPathway, InvalidRequest, ParcoursError
from engine.forms import FormDefinition, check_answers, prefill
from engine.library import forms_in, json_in, parameter_values, parameters_in, read_folder
from engine.outcome import FactWrite, Happened, Outcome, Value
from engine.queries.diagrams import drawn_in_main, main_diagram, nodes_of

MOST_MOVES = 150
LONGEST_WAIT = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """A pathway ready to be played: program, forms and parameters of its files."""

    title: str
    diagram: str
    program: Program
    forms: Mapping[str, FormDefinition]
    parameters: Mapping[str, Value]
    start_form: FormDefinition | None
    messages: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """A task that is open in the play."""

    token: str
    element_id: str
    name: str
    roles: Sequence[str]
    due_at: datetime | None
    form: FormDefinition | None
    values: Mapping[str, Value]
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of what happened."""

    at: datetime
    text: str
    element_id: str
    moved: bool
    """True for a move of the player; False for what followed by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """How the play stands after its moves."""

    now: datetime
    moves: Sequence[Mapping[str, Any]]
    tasks: Sequence[OpenWork]
    timers: Sequence[tuple[str, str, datetime]]
    """Token, name and date of what fires by itself, the first first."""
    waits: Sequence[tuple[str, str]]
    """Name and label of the messages that would be accepted."""
    told: Sequence[Told]
    finished: bool
    outcome: str
    incident: str
    problem: str
    """Why the last move was refused, in a sentence; it is not in `moves`."""
    problems: Mapping[str, str]
    state: Mapping[str, Any]
    covered: int
    drawn: int


def toy_of(files: Mapping[str, bytes]) -> Toy:
    """Read the files of a version or a draft. Raises InvalidPathway when they cannot run."""
    description = json_in(files, "pathway.json") or {}
    result = read_folder(files, main=description.get("process"))
    if result.model is None:
        raise InvalidPathway(
            "Ce parcours ne peut pas encore être joué : corrigez d'abord ses erreurs.", result.findings
        )
    program = build_program(result.model)
    forms = forms_in(files, result.model)
    return Toy(
        title=str((description.get("title") or {}).get("fr") or result.model.main_process.name or result.model.main),
        diagram=main_diagram(program),
        program=program,
        forms=forms,
        parameters=parameter_values(list(parameters_in(files))),
        start_form=forms.get(str(description.get("start_form"))),
        messages=sorted(program.messages),
    )


@dataclass(slots=True, eq=False)
class _Play:
    """A play under way."""

    toy: Toy
    now: datetime
    calendar: Calendar
    facts: dict[str, dict[str, Value]] = field(default_factory=lambda: {"": {}})
    completed: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    opened_at: datetime = field(init=False)
    outcome: Outcome = field(init=False)

    def __post_init__(self) -> None:
        self.opened_at = self.now

    def around(self, open_steps: Sequence[str] = ()) -> Surroundings:
        case: dict[str, Value] = {
            "number": "ESSAI",
            "opened_at": self.opened_at,
            "completed_steps": list(self.completed),
            "open_steps": list(open_steps),
        }
        return Surroundings(
            facts=self.facts, parameters=self.toy.parameters, case=case, now=self.now, calendar=self.calendar
        )

    def here(self) -> Surroundings:
        return self.around([task.element_id for task in self.outcome.tasks])

    def keep(self, outcome: Outcome) -> None:
        self.outcome = outcome
        for fact in outcome.facts:
            self.write(fact)
        for event in outcome.events:
            if event.kind is Happened.COMPLETED:
                self.completed.append(event.element_id)
            (self.taken if event.kind is Happened.TOOK else self.visited).add(event.element_id)

    def write(self, fact: FactWrite) -> None:
        self.facts.setdefault(fact.scope, {})[fact.name] = fact.value

    def tell(self, text: str, element_id: str = "", *, moved: bool = True) -> None:
        self.told.append(Told(at=self.now, text=text, element_id=element_id, moved=moved))

    def seen_by(self, scope: str) -> dict[str, Value]:
        return {**self.toy.parameters, **self.facts[""], **self.facts.get(scope, {})}


def play(toy: Toy, moves: Sequence[Mapping[str, Any]], *, start: datetime, calendar: Calendar) -> Board:
    """Replay the moves. A move that cannot be made is left out, with the sentence why, and the play stops before it."""
    playing = _Play(toy, start, calendar)
    playing.facts[""].update(_start_facts(toy, start))
    playing.keep(runner.start(toy.program, playing.around()))
    playing.tell("Le dossier d'essai est ouvert.")
    made: list[Mapping[str, Any]] = []
    problem, problems = "", {}
    for number, move in enumerate(moves[:MOST_MOVES]):
        if playing.outcome.completed or playing.outcome.incident is not None:
            break
        try:
            _make(playing, move, number)
        except InvalidAnswers as refusal:
            problem, problems = str(refusal), dict(refusal.problems)
            break
        except ParcoursError as refusal:
            problem = str(refusal)
            break
        made.append(move)
    if len(moves) >= MOST_MOVES:
        problem = f"Un essai s'arrête après {MOST_MOVES} gestes : recommencez-en un."
    return _board(playing, made, problem, problems)


def _start_facts(toy: Toy, start: datetime) -> Mapping[str, Value]:
    if toy.start_form is None:
        return {}
    form = toy.program.model.forms.get(toy.start_form.key)
    return Answers(toy.program.model, Random(1)).form(form, start)


def _make(playing: _Play, move: Mapping[str, Any], number: int) -> None:
    match move.get("do"):
        case "complete" | "random":
            _complete(playing, move, number)
        case "wait":
            _wait(playing, timedelta(hours=_hours(move)))
        case "next":
            _next(playing)
        case "message":
            _message(playing, str(move.get("name", "")))
        case _:
            raise InvalidRequest("Ce geste n'existe pas.")


def _complete(playing: _Play, move: Mapping[str, Any], number: int) -> None:
    task = next((one for one in playing.outcome.tasks if one.token == str(move.get("token"))), None)
    if task is None:
        raise InvalidRequest("Cette tâche n'est plus ouverte dans l'essai.")
    form = playing.toy.forms.get(task.form_key or "")
    if move["do"] == "random":
        random = Random(number * 7919 + int(move.get("seed", 0)))
        model_form = playing.toy.program.model.forms.get(task.form_key or "")
        answers: Mapping[str, Value] = Answers(playing.toy.program.model, random).form(model_form, playing.now)
    elif form is not None:
        raw = dict(move.get("answers") or {})
        answers = check_answers(
            form, raw, facts=playing.seen_by(task.scope), now=playing.now, calendar=playing.calendar
        )
    else:
        answers = _decision(playing, task.element_id, move)
    for name, value in answers.items():
        playing.write(FactWrite(name=name, value=value, element_id=task.element_id, scope=task.scope))
    playing.tell(f"« {task.name} » est fait.", task.element_id)
    playing.keep(runner.complete(playing.toy.program, playing.outcome.state, token=task.token, around=playing.here()))


def _decision(playing: _Play, element_id: str, move: Mapping[str, Any]) -> Mapping[str, Value]:
    node = playing.toy.program.nodes.get(element_id)
    work = None if node is None else node.work
    if work is None or work.decision_variable is None:
        return {}
    chosen = str((move.get("answers") or {}).get(work.decision_variable, ""))
    if chosen not in {option.value for option in work.decides}:
        raise InvalidAnswers("Choisissez la suite.", {work.decision_variable: "Choisissez la suite."})
    return {work.decision_variable: chosen}


def _hours(move: Mapping[str, Any]) -> int:
    try:
        hours = int(move.get("hours", 0))
    except (TypeError, ValueError):
        hours = 0
    if not 0 < hours <= LONGEST_WAIT.days * 24:
        raise InvalidRequest("L'horloge avance d'une heure à 400 jours.")
    return hours


def _wait(playing: _Play, length: timedelta) -> None:
    """Let time pass, living through what fires on the way, each thing at its own time."""
    until = playing.now + length
    playing.tell(f"{int(length.total_seconds() // 3600)} h passent.")
    for _ in range(200):
        due = [timer for timer in playing.outcome.timers if timer.due_at <= until]
        if not due or playing.outcome.completed or playing.outcome.incident is not None:
            break
        _fire(playing, min(due, key=lambda timer: timer.due_at).token)
    playing.now = max(playing.now, until)


def _next(playing: _Play) -> None:
    if not playing.outcome.timers:
        raise InvalidRequest("Aucune échéance n'est armée.")
    _fire(playing, min(playing.outcome.timers, key=lambda timer: timer.due_at).token)


def _fire(playing: _Play, token: str) -> None:
    timer = next(one for one in playing.outcome.timers if one.token == token)
    playing.now = max(playing.now, timer.due_at)
    playing.tell(f"L'échéance « {timer.name or timer.element_id} » arrive.", timer.element_id, moved=False)
    playing.keep(runner.tick(playing.toy.program, playing.outcome.state, tokens=[token], around=playing.here()))


def _message(playing: _Play, name: str) -> None:
    payload = Answers(playing.toy.program.model, Random(len(playing.told)))
    unknown = unwritten_names(playing.toy.program.model, payload.reads) - set(playing.toy.parameters)
    values = {one: payload.guess(one, playing.now) for one in sorted(unknown)}
    outcome = runner.signal(
        playing.toy.program, playing.outcome.state, message=name, payload=values, around=playing.here()
    )
    if outcome.incident is None and not outcome.delivered:
        raise InvalidRequest(f"Personne n'attend le message « {name} » maintenant.")
    playing.tell(f"Le message « {name} » arrive.", moved=True)
    playing.keep(outcome)


def _board(playing: _Play, made: Sequence[Mapping[str, Any]], problem: str, problems: Mapping[str, str]) -> Board:
    outcome, program = playing.outcome, playing.toy.program
    drawn = [node for node in nodes_of(program.model.main_process.scope) if node.origin is None]
    seen = {node.id for node in drawn} & playing.visited
    steps = {node.id for node in drawn if node.body is None}
    ended = playing.facts[""].get("outcome")
    return Board(
        now=playing.now,
        moves=tuple(made),
        tasks=() if outcome.completed else tuple(_work(playing, task) for task in outcome.tasks),
        timers=tuple(
            (timer.token, timer.name or timer.element_id, timer.due_at)
            for timer in sorted(outcome.timers, key=lambda one: one.due_at)
        ),
        waits=tuple(dict.fromkeys((one.message or one.name, one.name or one.message) for one in outcome.subscriptions)),
        told=tuple(reversed(playing.told)),
        finished=outcome.completed,
        outcome=str(ended or ""),
        incident="" if outcome.incident is None else outcome.incident.sentence,
        problem=problem,
        problems=problems,
        state=_marks(playing, seen & steps),
        covered=len(seen),
        drawn=len(drawn),
    )


def _work(playing: _Play, task: Any) -> OpenWork:
    form = playing.toy.forms.get(task.form_key or "")
    facts = playing.seen_by(task.scope)
    values = {} if form is None else prefill(form, facts=facts, now=playing.now, calendar=playing.calendar)
    return OpenWork(
        token=task.token,
        element_id=task.element_id,
        name=task.name or task.element_id,
        roles=task.roles,
        due_at=task.due_at,
        form=form,
        values=values,
        facts=facts,
    )


def _marks(playing: _Play, seen: set[str]) -> Mapping[str, Any]:
    here = drawn_in_main(playing.toy.program)
    open_now = {here[task.element_id] for task in playing.outcome.tasks if task.element_id in here}
    timers = [one.element_id for one in playing.outcome.timers if one.attached_to is None]
    messages = [one.element_id for one in playing.outcome.subscriptions if one.attached_to is None]
    waiting = {here[one] for one in (*timers, *messages) if one in here}
    stuck = playing.outcome.incident.element_id if playing.outcome.incident is not None else None
    nodes: list[dict[str, Any]] = [
        {"id": one, "state": "done"} for one in sorted(seen) if one not in open_now | waiting
    ]
    nodes += [{"id": one, "state": "waiting", "badge": "En attente", "level": "waiting"} for one in sorted(waiting)]
    nodes += [{"id": one, "state": "open", "badge": "À faire", "level": "open"} for one in sorted(open_now)]
    if stuck:
        nodes.append({"id": stuck, "state": "late", "badge": "Incident", "level": "late"})
    return {"nodes": nodes, "taken": sorted(playing.taken)}
