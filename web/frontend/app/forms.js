// Small courtesies of forms: errors first, one sending per press, rows added to tables.
const focusFirstError = () => document.querySelector('.error-summary')?.focus();

// a link of the summary puts the cursor in the field it names
function goToField(event) {
  const link = event.target.closest('.error-summary a[href^="#"]');
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  const target = field.matches('input, select, textarea') ? field : field.querySelector('input, select, textarea') ?? field;
  target.focus({ preventScroll: true });
  field.closest('.field')?.scrollIntoView({ block: 'start' });
}

function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method === 'dialog') return;
  if (form.getAttribute('aria-busy') === 'true') {
    event.preventDefault();
    return;
  }
  form.setAttribute('aria-busy', 'true');
}

// back from the next page, the form may be sent again
const freeAgain = () => document.querySelectorAll('form[aria-busy]').forEach((form) => form.removeAttribute('aria-busy'));

// <div data-rows="name" data-min-rows data-max-rows> <div class="table-field-row">… <template> … <button data-add-row>
function changeRows(event) {
  const field = event.target.closest('[data-rows]');
  if (!field) return;
  const rows = () => [...field.querySelectorAll('.table-field-row')];
  if (event.target.closest('[data-add-row]') && rows().length < Number(field.dataset.maxRows || Infinity)) {
    const row = field.querySelector('template').content.cloneNode(true);
    field.querySelector('.table-field-rows').append(row);
    renumber(field, rows());
    rows().at(-1).querySelector('input, select, textarea')?.focus();
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  const remove = event.target.closest('[data-remove-row]');
  if (remove && rows().length > Number(field.dataset.minRows || 0)) {
    remove.closest('.table-field-row').remove();
    renumber(field, rows());
    field.querySelector('[data-add-row]')?.focus();
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
}

// names are “medicines-0-dose”: the number follows the place of the row
function renumber(field, rows) {
  const prefix = `${field.dataset.rows}-`;
  rows.forEach((row, index) => {
    for (const element of row.querySelectorAll('[name], [id], [for]')) {
      for (const attribute of ['name', 'id', 'for']) {
        const text = element.getAttribute(attribute);
        if (text?.startsWith(prefix)) element.setAttribute(attribute, text.replace(/^(.*?-)(?:\d+|__row__)-/, `$1${index}-`));
      }
    }
  });
}

export function startForms() {
  focusFirstError();
  document.addEventListener('click', goToField);
  document.addEventListener('click', changeRows);
  document.addEventListener('submit', sendOnce);
  addEventListener('pageshow', freeAgain);
}
