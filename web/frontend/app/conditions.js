// Shows and requires fields by what was answered, on the phone, without the network. The server decides again on receipt.
//   <div class="field" data-visible-if='{"op": "=", "field": "pain", "value": "yes"}'>
//   <div class="field" data-required-if='{"all": [condition, {"not": condition}]}'>
// Operators: = != < <= > >= in filled. Numbers compare as numbers; a list of codes is “=” when it holds the value.
const asNumber = (text) => (text === '' || text === null ? NaN : Number(String(text).replace(',', '.')));

function answers(form, name) {
  return [...form.elements]
    .filter((element) => element.name === name && !element.disabled && !(/^(radio|checkbox)$/.test(element.type) && !element.checked))
    .flatMap((element) => (element.multiple ? [...element.selectedOptions].map((option) => option.value) : [element.value]))
    .filter((value) => value !== '');
}

function compare(given, op, value) {
  const left = asNumber(given);
  const right = asNumber(value);
  const numeric = !Number.isNaN(left) && !Number.isNaN(right);
  const [a, b] = numeric ? [left, right] : [String(given), String(value)];
  return { '=': a === b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[op];
}

export function holds(condition, form) {
  if (condition.all) return condition.all.every((one) => holds(one, form));
  if (condition.any) return condition.any.some((one) => holds(one, form));
  if (condition.not) return !holds(condition.not, form);
  const given = answers(form, condition.field);
  if (condition.op === 'filled') return given.length > 0;
  if (condition.op === '!=') return !given.some((one) => compare(one, '=', condition.value));
  if (condition.op === 'in') return given.some((one) => condition.value.some((value) => compare(one, '=', value)));
  return given.some((one) => compare(one, condition.op, condition.value));
}

function apply(form) {
  for (const part of form.querySelectorAll('[data-visible-if]')) {
    const shown = holds(JSON.parse(part.dataset.visibleIf), form);
    part.hidden = !shown;
    // what is not shown is not sent; the value stays, should the answer change back
    for (const element of part.querySelectorAll('input, select, textarea')) element.disabled = !shown;
  }
  for (const part of form.querySelectorAll('[data-required-if]')) {
    part.classList.toggle('is-required', holds(JSON.parse(part.dataset.requiredIf), form));
  }
}

export function startConditions(root = document) {
  for (const form of root.querySelectorAll('form')) {
    if (!form.querySelector('[data-visible-if], [data-required-if]')) continue;
    // conditions may follow each other down the form: one more round settles what the first one changed
    const settle = () => { apply(form); apply(form); };
    form.addEventListener('input', settle);
    form.addEventListener('change', settle);
    settle();
  }
}
