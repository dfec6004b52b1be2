"""The catalogues: sentences are written in French in the code; `en` translates them, `fr` holds the plural rule.

After changing sentences:  python -m web.translations     (extracts, updates both catalogues, compiles)
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "translations"
LOCALES = ("fr", "en")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None, "pgettext": ((1, "c"), 2)}


def compile_catalogues(folder: Path = FOLDER) -> list[Path]:
    """Compile what is newer than its compiled form. Returns what was written."""
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=source.parent.parent.name)
        unfinished = target.with_suffix(".mo.new")
        with unfinished.open("wb") as stream:
            write_mo(stream, catalogue)
        unfinished.replace(target)
        written.append(target)
    return written


def extract(room: Path = HERE) -> Catalog:
    """Every sentence of the web room, as a template catalogue."""
    template = Catalog(project="parcours", charset="utf-8")
    found = extract_from_dir(str(room), METHODS, OPTIONS, keywords=KEYWORDS, directory_filter=_is_ours)
    for name, line, message, comments, context in found:
        template.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return template


def update(folder: Path = FOLDER) -> dict[str, int]:
    """Bring both catalogues up to date with the code. Returns how many sentences each language still lacks."""
    lacking = {}
    for locale in LOCALES:
        template = extract()  # its messages become the catalogue's own: never shared between languages
        path = folder / locale / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = Catalog(locale=locale, project="parcours", charset="utf-8", fuzzy=False)
        if path.exists():
            with path.open("rb") as stream:
                catalogue = read_po(stream, locale=locale)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        if locale == "fr":
            _fill_plurals(catalogue)
        with path.open("wb") as stream:
            write_po(stream, catalogue, width=120, omit_header=False, no_location=True, sort_output=True)
        source = locale == "fr"
        lacking[locale] = 0 if source else sum(1 for one in catalogue if one.id and not _translated(one.string))
    return lacking


def _fill_plurals(catalogue: Catalog) -> None:
    """French is the source; only plurals need an entry, so that « 0 visite » follows the French rule."""
    for message in catalogue:
        if message.pluralizable:
            message.string = tuple(message.id)


def _translated(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


def _is_ours(folder: str | Path) -> bool:
    return Path(folder).name not in {"frontend", "static", "translations", "node_modules", "__pycache__"}


if __name__ == "__main__":
    for language, count in update().items():
        print(f"{language}: {count} sentence(s) without translation")
    compile_catalogues()
