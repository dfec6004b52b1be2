"""What app.js adds to every page: conditions, confirmations, keys, times, tables that grow, drafts."""

import re

from playwright.sync_api import Page, expect

from tests.frontend.site import Answer, Site

CONDITIONAL = """<form>
<label class="choice"><input type="radio" name="pain" value="yes">Oui</label>
<label class="choice"><input type="radio" name="pain" value="no">Non</label>
<label>Poids <input name="weight"></label>
<div class="field" id="where" data-visible-if='{"op": "=", "field": "pain", "value": "yes"}'>
  <label>Où ? <input name="where"></label></div>
<div class="field" id="alert" data-visible-if='{"any": [{"op": ">", "field": "weight", "value": 80},
  {"all": [{"op": "filled", "field": "where"}, {"not": {"op": "in", "field": "where", "value": ["pied", "main"]}}]}]}'>
  À voir</div>
</form>"""


def test_fields_follow_the_answers_without_the_server(site: Site, quiet_page: Page) -> None:
    site.page("/form", CONDITIONAL)
    quiet_page.goto(f"{site.url}/form")
    where, alert = quiet_page.locator("#where"), quiet_page.locator("#alert")

    expect(where).to_be_hidden()
    expect(where.locator("input")).to_be_disabled()
    quiet_page.get_by_label("Oui").check()
    expect(where).to_be_visible()

    quiet_page.get_by_label("Où ?").fill("pied")
    expect(alert).to_be_hidden()
    quiet_page.get_by_label("Où ?").fill("thorax")
    expect(alert).to_be_visible()
    quiet_page.get_by_label("Non").check()
    expect(alert).to_be_hidden()
    quiet_page.get_by_label("Poids").fill("80,5")
    expect(alert).to_be_visible()


def test_a_grave_act_is_asked_about_in_its_own_words(site: Site, quiet_page: Page) -> None:
    site.page(
        "/case",
        '<form method="post" action="/cancel" data-confirm="Annuler ?"><button>Annuler le parcours</button></form>',
    )
    site.replies["/cancel"] = lambda posted: Answer(body="annulé")
    quiet_page.goto(f"{site.url}/case")

    quiet_page.get_by_role("button", name="Annuler le parcours").click()
    quiet_page.get_by_role("button", name="Revenir").click()
    assert site.arrived == []

    quiet_page.get_by_role("button", name="Annuler le parcours").click()
    quiet_page.get_by_role("dialog").get_by_role("button", name="Annuler le parcours").click()
    expect(quiet_page.get_by_text("annulé")).to_be_visible()
    assert len(site.arrived) == 1


def test_keys_move_through_a_list_and_stay_out_of_fields(site: Site, quiet_page: Page) -> None:
    rows = "".join(f'<p data-row><a href="#{name}">{name}</a></p>' for name in ("un", "deux"))
    search = '<input type="search" data-shortcut="/" aria-label="Chercher">'
    site.page("/list", f'<a href="#suivi" data-shortcut="g s">Suivi</a>{search}{rows}')
    quiet_page.goto(f"{site.url}/list")

    quiet_page.keyboard.press("j")
    quiet_page.keyboard.press("j")
    expect(quiet_page.locator(".is-current")).to_have_text("deux")
    quiet_page.keyboard.press("Enter")
    expect(quiet_page).to_have_url(re.compile("#deux$"))
    quiet_page.keyboard.press("g")
    quiet_page.keyboard.press("s")
    expect(quiet_page).to_have_url(re.compile("#suivi$"))
    quiet_page.keyboard.press("/")
    quiet_page.keyboard.type("j k")
    expect(quiet_page.get_by_role("searchbox")).to_have_value("j k")


def test_a_table_field_grows_and_numbers_its_rows(site: Site, quiet_page: Page) -> None:
    remove = '<button type="button" data-remove-row>Retirer</button>'
    row = f'<div class="table-field-row"><input name="drugs-__row__-name" aria-label="Nom">{remove}</div>'
    site.page(
        "/table",
        f'<form><div class="field" data-rows="drugs" data-max-rows="2"><div class="table-field-rows"></div>'
        f'<template>{row}</template><button type="button" data-add-row>Ajouter</button></div></form>',
    )
    quiet_page.goto(f"{site.url}/table")

    for _ in range(3):
        quiet_page.get_by_role("button", name="Ajouter").click()
    names = quiet_page.locator("input")
    expect(names).to_have_count(2)
    expect(names.nth(1)).to_have_attribute("name", "drugs-1-name")
    quiet_page.get_by_role("button", name="Retirer").first.click()
    expect(names).to_have_count(1)
    expect(names.first).to_have_attribute("name", "drugs-0-name")


def test_relative_times_follow_the_clock_of_the_server(site: Site, quiet_page: Page) -> None:
    site.page("/times", '<time datetime="2031-05-06T07:00:00Z" data-relative>ce matin</time>')
    answer = site.pages["/times"]
    site.pages["/times"] = Answer(
        body=answer.body.replace('<html lang="fr">', '<html lang="fr" data-now="2031-05-06T10:00:30Z">'),
        headers=answer.headers,
    )
    quiet_page.goto(f"{site.url}/times")

    expect(quiet_page.locator("time")).to_have_text("il y a 3 h")


def test_errors_are_met_first_and_lead_to_their_field(site: Site, quiet_page: Page) -> None:
    site.page(
        "/errors",
        '<div class="error-summary" tabindex="-1"><a href="#field-weight">Poids</a></div>'
        '<form><div class="field" id="field-weight"><input aria-label="Poids" name="weight"></div></form>',
    )
    quiet_page.goto(f"{site.url}/errors")

    expect(quiet_page.locator(".error-summary")).to_be_focused()
    quiet_page.get_by_role("link", name="Poids").click()
    expect(quiet_page.get_by_label("Poids")).to_be_focused()


def test_a_draft_survives_the_closing_of_the_page(site: Site, quiet_page: Page) -> None:
    site.page(
        "/task",
        '<form method="post" action="/task" data-draft="task-7" data-draft-url="/draft">'
        '<input type="hidden" name="csrf_token" value="t">'
        '<label>Transmission <textarea name="note"></textarea></label><p data-draft-status role="status"></p></form>',
    )
    site.replies["/draft"] = lambda posted: Answer(status=204)
    quiet_page.goto(f"{site.url}/task")

    quiet_page.get_by_label("Transmission").fill("Pansement propre")
    expect(quiet_page.locator("[data-draft-status]")).to_contain_text("Brouillon enregistré à")
    assert site.arrived[0].fields == {"note": ["Pansement propre"]}
    assert site.arrived[0].headers["x-csrftoken"] == "t"

    quiet_page.goto(f"{site.url}/task")
    expect(quiet_page.get_by_label("Transmission")).to_have_value("Pansement propre")
    expect(quiet_page.locator("[data-draft-status]")).to_contain_text("a été repris")


def test_a_list_refreshes_itself_under_the_strict_policy(site: Site, quiet_page: Page) -> None:
    site.page("/list", '<div hx-get="/rows" hx-trigger="load" hx-target="this">…</div>')
    site.pages["/rows"] = Answer(
        body="<p>Une tâche</p>", headers={"HX-Trigger": '{"toast": {"text": "Relance envoyée", "kind": "done"}}'}
    )
    quiet_page.goto(f"{site.url}/list")

    expect(quiet_page.get_by_text("Une tâche")).to_be_visible()
    expect(quiet_page.get_by_text("Relance envoyée")).to_be_visible()
