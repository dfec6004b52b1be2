"""Text patterns (the regular expressions of XPath, as FEEL asks) to a program for a machine of linear time.

What a linear machine cannot do (back-references, looking around) is refused with a sentence; a malformed pattern
is null, as FEEL asks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.expressions.limits import DEPTH, PATTERN_CLASS, PATTERN_STATES
from engine.expressions.problems import ExpressionError

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction. `test`: read a character; `to`: go on there, first choice first; the others as named."""

    test: Test | None = None
    to: tuple[int, ...] = ()
    save: int | None = None
    assertion: str = ""
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Pattern:
    steps: tuple[Step, ...]
    groups: int
    multiline: bool


class _Malformed(Exception):
    """The pattern is not one; the function answers null."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, flags: str) -> Pattern | None:
    """The program, None when the pattern or a flag is malformed. Raises ExpressionError for what is not supported."""
    if not set(flags) <= set("smixq"):
        return None
    reader = _Reader(pattern, flags)
    try:
        if "q" in flags:
            for character in pattern:
                reader.emit(Step(test=reader.insensitive(_exactly(character))))
        else:
            reader.alternatives()
            if reader.index < len(reader.text):
                return None
    except _Malformed:
        return None
    reader.emit(Step())
    return Pattern(tuple(reader.steps), reader.groups, "m" in flags)


class _Reader:
    """Reads the pattern once and writes its program as it goes."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.text = _without_blanks(pattern) if "x" in flags else pattern
        self.flags = flags
        self.index = 0
        self.depth = 0
        self.groups = 0
        self.open_groups: set[int] = set()
        self.items = 0
        self.steps: list[Step] = []

    def emit(self, step: Step) -> int:
        if len(self.steps) >= PATTERN_STATES:
            raise ExpressionError("Ce motif de texte est trop grand.")
        self.steps.append(step)
        return len(self.steps) - 1

    def peek(self) -> str:
        return self.text[self.index] if self.index < len(self.text) else ""

    def take(self) -> str:
        if self.index >= len(self.text):
            raise _Malformed
        self.index += 1
        return self.text[self.index - 1]

    def alternatives(self) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise ExpressionError("Ce motif de texte est trop imbriqué.")
        ends: list[int] = []
        while True:
            fork = self.emit(Step())
            self.sequence()
            if self.peek() != "|":
                break
            self.take()
            ends.append(self.emit(Step()))
            self.steps[fork] = Step(to=(fork + 1, len(self.steps)))
        self.steps[fork] = Step(to=(fork + 1,))
        for end in ends:
            self.steps[end] = Step(to=(len(self.steps),))
        self.depth -= 1

    def sequence(self) -> None:
        while self.peek() not in ("", "|", ")"):
            start = len(self.steps)
            self.atom()
            self.quantifiers(start)

    def atom(self) -> None:
        character = self.take()
        match character:
            case "(":
                self._group()
            case "^" | "$":
                self.emit(Step(assertion=character))
            case ".":
                self.emit(Step(test=_anything if "s" in self.flags else _not_line_end))
            case "[":
                self.emit(Step(test=self._class(), cost=self._class_cost()))
            case "\\":
                self.emit(Step(test=self._escape(in_class=False)))
            case "?" | "*" | "+" | "{" | "}" | "]":
                raise _Malformed
            case _:
                self.emit(Step(test=self.insensitive(_exactly(character))))

    def _group(self) -> None:
        if self.peek() == "?":
            self.take()
            if self.take() != ":":
                raise ExpressionError("Un motif de texte ne peut pas regarder autour de lui : (?…) n'est pas permis.")
            self.alternatives()
        else:
            self.groups += 1
            number = self.groups
            self.open_groups.add(number)
            self.emit(Step(save=2 * number))
            self.alternatives()
            self.emit(Step(save=2 * number + 1))
            self.open_groups.discard(number)
        if self.take() != ")":
            raise _Malformed

    def quantifiers(self, start: int) -> None:
        match self.peek():
            case "*":
                low, high = 0, None
            case "+":
                low, high = 1, None
            case "?":
                low, high = 0, 1
            case "{":
                self._repeat(start, *self._counts())
                return
            case _:
                return
        self.take()
        self._repeat(start, low, high)

    def _counts(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.index)
        low, comma, high = self.text[self.index + 1 : end].partition(",")
        self.index = end
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            raise _Malformed
        least = int(low[:6])
        most = int(high[:6]) if high else (None if comma else least)
        if most is not None and most < least:
            raise _Malformed
        if max(least, most or 0) > PATTERN_STATES:
            raise ExpressionError("Ce motif de texte se répète trop de fois.")
        self.take()
        return least, most

    def _repeat(self, start: int, low: int, high: int | None) -> None:
        lazy = self.peek() == "?"
        if lazy:
            self.take()
        if self.peek() in ("?", "*", "+"):
            raise _Malformed
        body = self.steps[start:]
        del self.steps[start:]
        for _ in range(low):
            self._copy(body, start)
        if high is None:
            fork = self.emit(Step())
            self._copy(body, start)
            self.emit(Step(to=(fork,)))
            self.steps[fork] = Step(to=_choice(fork + 1, len(self.steps), lazy))
            return
        forks = []
        for _ in range(high - low):
            forks.append(self.emit(Step()))
            self._copy(body, start)
        for fork in forks:
            self.steps[fork] = Step(to=_choice(fork + 1, len(self.steps), lazy))

    def _copy(self, body: list[Step], start: int) -> None:
        shift = len(self.steps) - start
        for step in body:
            self.emit(replace(step, to=tuple(target + shift for target in step.to)))

    def insensitive(self, test: Test) -> Test:
        if "i" not in self.flags:
            return test
        return lambda character: any(test(variant) for variant in _variants(character))

    def _class(self) -> Test:
        """`[…]`, just after its bracket, with ranges, negation and subtraction."""
        negated = self.peek() == "^"
        if negated:
            self.take()
        tests: list[Test] = []
        removed: Test | None = None
        while self.peek() != "]" or not tests:
            if self.peek() == "-" and self.text[self.index + 1 : self.index + 2] == "[" and tests:
                self.index += 2
                removed = self._class()
                if self.peek() != "]":
                    raise _Malformed
                break
            tests.append(self._class_item())
            self.items += 1
            if self.items > PATTERN_CLASS:
                raise ExpressionError("Ce motif de texte énumère trop de caractères.")
        self.take()
        inside = self.insensitive(lambda character: any(test(character) for test in tests))
        return lambda character: (inside(character) != negated) and not (removed is not None and removed(character))

    def _class_cost(self) -> int:
        """What looking at one character costs: every item of the class just read, in each of its letter cases."""
        cost = 1 + self.items * (5 if "i" in self.flags else 1)
        self.items = 0
        return cost

    def _class_item(self) -> Test:
        character = self.take()
        if character == "[":
            raise _Malformed
        if character == "\\":
            if self.peek() not in _SINGLE:
                return self._escape(in_class=True)
            character = _SINGLE[self.take()]
        if self.peek() != "-" or self.text[self.index + 1 : self.index + 2] in ("]", "[", ""):
            return _exactly(character)
        self.take()
        last = self.take()
        if last == "\\":
            last = _SINGLE.get(self.take(), "")
        if not last or last < character:
            raise _Malformed
        return lambda tested: character <= tested <= last

    def _escape(self, *, in_class: bool) -> Test:
        letter = self.take()
        if letter in _SINGLE:
            return self.insensitive(_exactly(_SINGLE[letter]))
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter.lower() in _CLASSES:
            positive = _CLASSES[letter.lower()]
            return lambda character: not positive(character)
        if letter in "pP":
            return self._property(negated=letter == "P")
        if (
            not in_class
            and letter in "123456789"
            and int(letter) <= self.groups
            and int(letter) not in self.open_groups
        ):
            raise ExpressionError("Un motif de texte ne peut pas se référer à un groupe déjà lu (\\1).")
        raise _Malformed

    def _property(self, *, negated: bool) -> Test:
        if self.take() != "{":
            raise _Malformed
        end = self.text.find("}", self.index)
        if end < 0:
            raise _Malformed
        name = self.text[self.index : end]
        self.index = end + 1
        test = _property_named(name)
        return (lambda character: not test(character)) if negated else test


def _choice(first: int, second: int, lazy: bool) -> tuple[int, int]:
    return (second, first) if lazy else (first, second)


def _without_blanks(pattern: str) -> str:
    """What flag x reads: the pattern without white space, but for that in a class."""
    kept: list[str] = []
    nesting, escaped = 0, False
    for character in pattern:
        if not nesting and character in " \t\n\r":
            continue
        kept.append(character)
        if not escaped:
            nesting += (character == "[") - (character == "]" and nesting > 0)
        escaped = character == "\\" and not escaped
    return "".join(kept)


def _variants(character: str) -> set[str]:
    return {character, character.lower(), character.upper(), character.lower().upper(), character.upper().lower()}


def _exactly(wanted: str) -> Test:
    return lambda character: character == wanted


def _anything(character: str) -> bool:
    return True


def _not_line_end(character: str) -> bool:
    return character not in "\n\r"


def _name_start(character: str) -> bool:
    return character in "_:" or unicodedata.category(character)[0] == "L"


_SINGLE = {"n": "\n", "r": "\r", "t": "\t", **{character: character for character in "\\|.?*+(){}-[]^$"}}
_CLASSES: dict[str, Test] = {
    "s": lambda character: character in " \t\n\r",
    "d": lambda character: unicodedata.category(character) == "Nd",
    "w": lambda character: unicodedata.category(character)[0] not in "PZC",
    "i": _name_start,
    "c": lambda character: _name_start(character) or character in ".-·" or unicodedata.category(character) == "Nd",
}
_CATEGORIES = frozenset(
    {"L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "Z", "Zs", "Zl", "Zp"}
    | {"P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn"}
)

_BLOCKS = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
}


def _property_named(name: str) -> Test:
    if name in _CATEGORIES:
        return lambda character: unicodedata.category(character).startswith(name)
    if name.startswith("Is"):
        if name[2:] not in _BLOCKS:
            raise ExpressionError(f"Le motif de texte ne connaît pas l'alphabet « {name[2:]} ».")
        low, high = _BLOCKS[name[2:]]
        return lambda character: low <= ord(character) <= high
    raise _Malformed
