// <dialog> without inline script: data-open-dialog="id", data-close-dialog, and a question before a grave act:
// <form data-confirm="Annuler le parcours de Mme X ?"> repeats the words of the button that was pressed.
import { say } from './texts.js';

export function ask(question, act) {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  dialog.setAttribute('aria-label', question);
  const text = document.createElement('p');
  text.className = 'dialog-question';
  text.textContent = question;
  const actions = document.createElement('form');
  actions.method = 'dialog';
  actions.className = 'button-row';
  for (const [value, label, look] of [['yes', act, 'button'], ['no', say('back'), 'button button-quiet']]) {
    const button = document.createElement('button');
    button.value = value;
    button.className = look;
    button.textContent = label;
    actions.append(button);
  }
  dialog.append(text, actions);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      answered(dialog.returnValue === 'yes');
    });
  });
}

async function confirmFirst(event) {
  const form = event.target;
  const pressed = event.submitter;
  const question = pressed?.dataset.confirm ?? form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await ask(question, pressed?.textContent.trim() || say('confirm'))) {
    form.dataset.confirmed = 'yes';
    form.requestSubmit(pressed);
    delete form.dataset.confirmed;
  }
}

export function startDialogs() {
  document.addEventListener('submit', confirmFirst, true);
  document.addEventListener('click', (event) => {
    const opener = event.target.closest('[data-open-dialog]');
    if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();
    event.target.closest('[data-close-dialog]')?.closest('dialog')?.close();
  });
}
