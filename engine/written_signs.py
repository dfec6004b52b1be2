"""Signs that make a text read otherwise than it is written: invisible ones, turned directions, look-alike letters.

A dose or a name must be what it seems to be. Invisible signs are dropped; signs that turn the direction of reading are
refused where a designer can mend them, dropped where somebody types, and shown by their number where they remain.
"""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0xAD])
"""For `str.translate`: characters that change how a text is shown without being seen."""
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What embeds, overrides or isolates a direction of reading (Unicode Bidirectional Algorithm, UAX #9)."""
WORD = re.compile(r"[^\W\d_]+")


def seen(text: str) -> str:
    """The text without the signs that cannot be seen."""
    return text.translate(INVISIBLE)


def turning_sign(text: str) -> str | None:
    """`U+202E`, the first sign that turns the direction of reading; None when there is none."""
    found = TURNING.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def shown(text: str) -> str:
    """The text with each turning sign shown by its number."""
    return TURNING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def mixed_word(text: str) -> str | None:
    """The first word that mixes Latin with Cyrillic letters, or with Greek ones that look Latin; None without one."""
    for match in WORD.finditer(text):
        scripts = {_script(letter) for letter in match[0]}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return match[0]
    return None


def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN"
    name = unicodedata.name(letter, "")
    if name.startswith("GREEK") and letter not in "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυ":
        return ""  # α, β, γ and µ beside Latin letters are what medicine writes: TNFα, µg
    return name.partition(" ")[0]
