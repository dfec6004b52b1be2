"""Where the parser stands: looking ahead, accepting, names of several words, and the bounds on nesting and size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

from engine.expressions.functions.registry import ALIASES, FUNCTIONS
from engine.expressions.lexer import Token, tokenize
from engine.expressions.limits import DEPTH, NODES
from engine.expressions.problems import ExpressionError
from engine.expressions.syntax import Dialect, Node

N = TypeVar("N", bound=Node)
_LAST_WORDS = ("time offset", "start included", "end included")  # properties of several words


@lru_cache(maxsize=1024)
def words_of(name: str) -> tuple[str, ...]:
    """A name cut as the lexer cuts it: `date and time` is three words, `a+b` three as well."""
    return tuple(token.text for token in tokenize(name, "feel")[:-1])


class Cursor:
    """A position among the tokens of one expression."""

    def __init__(self, tokens: Sequence[Token], dialect: Dialect, names: Iterable[str]) -> None:
        self.tokens = tokens
        self.dialect = dialect
        self.index = 0
        self._depth = 0
        self._nodes = 0
        self._local: list[tuple[str, ...]] = [words_of(name) for name in names if not name.isidentifier()]

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def position(self) -> int:
        return self.tokens[self.index].position

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def at(self, *texts: str) -> bool:
        token = self.tokens[self.index]
        return token.text in texts and token.kind in ("operator", "name")

    def accept(self, *texts: str) -> str | None:
        token = self.tokens[self.index]
        if token.text in texts and token.kind in ("operator", "name"):
            self.index += 1
            return token.text
        return None

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error(f"Il manque « {text} » ici")

    def take(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def error(self, sentence: str, position: int | None = None) -> ExpressionError:
        if position is not None:
            return ExpressionError(sentence, position)
        if self.token.kind == "end":
            return ExpressionError(f"{sentence} : l'expression s'arrête trop tôt.", self.position)
        return ExpressionError(f"{sentence}, avant « {self.token.text[:40]} ».", self.position)

    def made(self, node: N) -> N:
        self._nodes += 1
        if self._nodes > NODES:
            raise ExpressionError(f"L'expression a plus de {NODES} éléments : découpez-la.", node.position)
        return node

    @contextmanager
    def nested(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEPTH:
            raise ExpressionError(f"L'expression est imbriquée sur plus de {DEPTH} niveaux.", self.position)
        try:
            yield
        finally:
            self._depth -= 1

    # --- names of several words -------------------------------------------------------------------------------------

    def declare(self, name: str) -> None:
        """From here on `name`, whatever its words, is a name of the expression."""
        if not name.isidentifier():
            self._local.append(words_of(name))

    def name_words(self) -> int:
        """How many tokens the declared name at the cursor has; 1 when none of several words stands here."""
        return max((len(words) for words in self._local if self._stands(words)), default=1)

    def property_words(self) -> int:
        known = [words_of(name) for name in _LAST_WORDS]
        return max((len(words) for words in [*known, *self._local] if self._stands(words)), default=1)

    def function_words(self) -> int:
        """How many tokens the function name at the cursor has, 0 when no function is called here."""
        for words in _function_names().get(self.token.text, ()):
            if self._stands(words) and self.peek(len(words)).text == "(":
                return len(words)
        return 0

    def _stands(self, words: tuple[str, ...]) -> bool:
        return all(self.peek(n).text == word and self.peek(n).kind != "string" for n, word in enumerate(words))


@lru_cache(maxsize=1)
def _function_names() -> dict[str, list[tuple[str, ...]]]:
    """Function names by their first word, longest first."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for name in {*FUNCTIONS, *ALIASES}:
        words = words_of(name)
        table.setdefault(words[0], []).append(words)
    for names in table.values():
        names.sort(key=len, reverse=True)
    return table
