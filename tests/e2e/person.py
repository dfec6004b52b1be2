"""A person in front of a screen: reads the French on the page, answers forms by their labels, never by ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

PARIS = ZoneInfo("Europe/Paris")
FINISH = re.compile("Terminer la tâche|Envoyer la réponse")
TABS = ("Aujourd'hui", "À prendre", "À venir")
Row = Mapping[str, str]
Answer = str | Sequence[str] | Sequence[Row]
Answers = Mapping[str, Answer]


def labelled(label: str) -> re.Pattern[str]:
    """A label with or without « (facultatif) » behind it."""
    return re.compile(rf"^\s*{re.escape(label)}\s*(\((facultatif|obligatoire)\)\s*)*$")


class Person:
    """Somebody signed in; what their browser complains about is kept."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.complaints: list[str] = []
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(f"{self.page.url}: {text}")

    def sign_in(self) -> None:
        """Choose oneself among the fictitious people."""
        self.page.goto("/connexion")
        self.page.get_by_role("button", name=re.compile(self.name)).click()
        expect(self.page.get_by_role("navigation", name="Principale")).to_be_visible()

    def now(self) -> datetime:
        """The time of the territory, as the page has it, in Paris."""
        self.page.reload()
        text = self.page.locator("html").get_attribute("data-now") or ""
        return datetime.fromisoformat(text).astimezone(PARIS)

    def moment(self, **later: float) -> str:
        """A moment from now as one types it."""
        return f"{self.now() + timedelta(**later):%Y-%m-%dT%H:%M}"

    def wait_for(self, label: str) -> None:
        """Move the clock of the demonstration by a button of the banner: « +1 h », « +6 h », « +1 j », …"""
        banner = self.page.get_by_role("region", name="Démonstration")
        banner.get_by_role("button", name=f"Avancer l’horloge de {label}").click()
        expect(self.page.get_by_text("L'horloge a avancé")).to_be_visible(timeout=60_000)

    def go(self, entry: str) -> None:
        """Follow an entry of the bar."""
        self.page.get_by_role("navigation", name="Principale").get_by_role("link", name=entry).click()

    def find_task(self, task: str, card: str) -> Locator | None:
        """The link of a task on the card of a patient, in whichever tab of « Ma journée » it is."""
        for tab in TABS:
            self.go("Ma journée")
            self.page.get_by_role("navigation", name="Mes tâches").get_by_role("link", name=tab).click()
            expect(
                self.page.get_by_role("navigation", name="Mes tâches").get_by_role("link", name=tab)
            ).to_have_attribute("aria-current", "page")
            found = self.page.get_by_role("listitem").filter(has_text=card).get_by_role("link", name=task)
            if found.count():
                return found.first
        return None

    def open_task(self, task: str, card: str) -> None:
        """Open a task of « Ma journée »."""
        found = self.find_task(task, card)
        assert found is not None, f"{self.name} does not find « {task} » for {card}"
        found.click()
        expect(self.page.get_by_role("button", name=FINISH)).to_be_visible()

    def complete(self, task: str, card: str, answers: Answers, *, button: str = "Terminer la tâche") -> None:
        """Open a task, answer, finish, and read that it is kept."""
        self.open_task(task, card)
        self.fill(answers)
        self.page.get_by_role("button", name=button).click()
        kept = self.page.get_by_role("heading", name="C'est enregistré")
        signature = self.page.get_by_role("button", name="Je signe")
        expect(kept.or_(signature)).to_be_visible(timeout=60_000)
        if signature.is_visible():  # a plan or a letter: read again, then signed
            signature.click()
        expect(kept).to_be_visible(timeout=60_000)

    def fill(self, answers: Answers, within: Locator | None = None) -> None:
        """Answer questions by the words of their labels."""
        form = within or self.page.get_by_role("main")
        for label, answer in answers.items():
            self._answer(form, label, answer)

    def _answer(self, form: Locator, label: str, answer: Answer) -> None:
        group = form.get_by_role("group", name=labelled(label))
        if group.count() == 0:
            self._type(form.get_by_label(labelled(label)), cast(str, answer))
        elif isinstance(answer, str):
            group.last.get_by_text(answer, exact=True).click()
        elif answer and isinstance(answer[0], Mapping):
            self._fill_rows(group.last, cast(Sequence[Row], answer))
        else:
            for choice in cast(Sequence[str], answer):
                group.last.get_by_text(choice, exact=True).click()

    def _type(self, field: Locator, answer: str) -> None:
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(label=answer)
        else:
            field.fill(answer)

    def _fill_rows(self, table: Locator, rows: Sequence[Row]) -> None:
        add = table.get_by_role("button", name="Ajouter une ligne")
        remove = table.get_by_role("button", name="Retirer cette ligne")
        for number, row in enumerate(rows):
            if remove.count() <= number:
                add.click()
            for label, answer in row.items():
                self._type(table.get_by_label(labelled(label)).nth(number), answer)
