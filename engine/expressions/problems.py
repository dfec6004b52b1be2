"""The one error of the expression language: a sentence a pathway designer can act on, and where."""

from __future__ import annotations

from engine.errors import Invalid


class ExpressionError(Invalid):
    """The text is not an expression of the language, or it was stopped at a bound.

    `sentence` is French, fit for the designer; `position` counts characters of the text from 0.
    """

    def __init__(self, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence if position is None else f"{sentence} (caractère {position + 1})")
        self.sentence = sentence
        self.position = position
