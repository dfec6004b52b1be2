"""Checks a built wheel, for .ci/run: an installed Parcours needs more than its Python files."""

import sys
from pathlib import Path
from zipfile import ZipFile

INSIDE = {
    "pages": "web/static/dist/manifest.json",
    "service worker": "web/static/dist/sw.js",
    "licences": "web/static/dist/licences.txt",
    "templates": "web/templates/",
    "migrations": "engine/migrations/versions/",
    "pathways": "pathways/hospital_discharge/pathway.bpmn",
    "standard form": "pathways/shared/forms/",
}
OUTSIDE = ("tests/", "docs/", "web/frontend/", "node_modules/")


def problems(wheel: Path) -> list[str]:
    names = ZipFile(wheel).namelist()
    missing = [
        f"{what} ({path}) is missing" for what, path in INSIDE.items() if not any(n.startswith(path) for n in names)
    ]
    extra = [f"{name} does not belong in it" for name in names if any(part in name for part in OUTSIDE)]
    return missing + extra


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]))
    print("\n".join(found) or f"{sys.argv[1]}: complete")
    sys.exit(bool(found))
