"""The components: what the reference names exists, what templates use exists, and the samples are accessible."""

import html
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.frontend.site import Site
from tests.support.browser import DESKTOP, PHONE
from tests.support.places import ROOT

STYLES = ROOT / "web" / "frontend" / "styles"
DESIGN = (ROOT / "docs" / "reference" / "design.md").read_text()
TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))
AXE = ROOT / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
AS_PARTS_OF_A_PAGE = {"rules": {"region": {"enabled": False}, "page-has-heading-one": {"enabled": False}}}


def styled_classes() -> set[str]:
    css = "".join(path.read_text() for path in STYLES.glob("*.css"))
    return set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|url\([^)]*\)", "", css, flags=re.S)))


def used_classes(text: str) -> set[str]:
    """Class names written out in HTML; those a template computes are left to the pages' own tests."""
    plain = re.sub(r"\{\{.*?\}\}", "{}", re.sub(r"\{%.*?%\}", " ", text, flags=re.S), flags=re.S)
    words = {word for attribute in re.findall(r'\bclass="([^"]*)"', plain) for word in attribute.split()}
    return {word for word in words if re.fullmatch(r"[a-z][\w-]*", word) and not word.endswith("-")}


def samples() -> list[str]:
    blocks = re.findall(r"```html\n(.*?)```", DESIGN, re.S)
    return [block for block in blocks if "{%" not in block and "asset(" not in block]


def test_every_component_of_the_reference_is_styled() -> None:
    named = set().union(*(used_classes(html.unescape(sample)) for sample in samples()))

    assert named - styled_classes() == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "web" / "templates").as_posix())
def test_templates_use_components_that_exist(path: Path) -> None:
    assert used_classes(path.read_text()) - styled_classes() == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "web" / "templates").as_posix())
def test_templates_need_no_inline_style_or_script(path: Path) -> None:
    text = path.read_text()

    assert re.findall(r"\sstyle=|\son\w+=|javascript:|<style|<script(?![^>]*\bsrc=)", text) == []


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_samples_of_the_reference_are_accessible(site: Site, quiet_page: Page, screen: dict[str, int]) -> None:
    site.page("/samples", "<h1>Composants</h1>" + "".join(f"<section>{sample}</section>" for sample in samples()))
    quiet_page.set_viewport_size({"width": screen["width"], "height": screen["height"]})
    quiet_page.goto(f"{site.url}/samples")

    quiet_page.evaluate(AXE.read_text())
    found = quiet_page.evaluate("options => axe.run(document, options)", AS_PARTS_OF_A_PAGE)
    assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in found["violations"]] == []


def test_no_sample_is_wider_than_a_phone(site: Site, quiet_page: Page) -> None:
    site.page("/samples", "".join(samples()))
    quiet_page.set_viewport_size(PHONE)
    quiet_page.goto(f"{site.url}/samples")

    assert quiet_page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
