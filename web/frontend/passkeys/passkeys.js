// Forms that a key answers. The server gives a challenge, the key signs it, the answer leaves with the form.
//   <form data-passkey="create|get" data-options-url="…" hidden> <input type="hidden" name="credential">
//     <p data-passkey-status role="status"></p>
// or, where a form may be answered otherwise too, <button data-passkey="get" data-options-url="…" hidden> inside it.
// Shown only where the browser knows keys; `data-passkey-absent` is what is read elsewhere.
import { say } from '../app/texts.js';

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const descriptors = (list = []) => list.map((one) => ({ ...one, id: toBytes(one.id) }));

function publicKey(options) {
  const known = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) known.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) known.excludeCredentials = descriptors(options.excludeCredentials);
  if (options.allowCredentials) known.allowCredentials = descriptors(options.allowCredentials);
  return known;
}

function asJson({ id, rawId, type, response }) {
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[part]) answer[part] = toText(response[part]);
  }
  return JSON.stringify({ id, rawId: toText(rawId), type, response: answer });
}

const SENTENCES = { NotAllowedError: 'keyAbsent', AbortError: 'keyAbsent', InvalidStateError: 'keyKnown' };

async function answer(asker, form) {
  const token = form.elements.csrf_token.value;
  const asked = await fetch(asker.dataset.optionsUrl, { method: 'POST', headers: { 'X-CSRFToken': token, Accept: 'application/json' } });
  if (!asked.ok) throw new Error(String(asked.status));
  const options = { publicKey: publicKey(await asked.json()) };
  return asker.dataset.passkey === 'create' ? navigator.credentials.create(options) : navigator.credentials.get(options);
}

async function present(event) {
  event.preventDefault();
  const asker = event.currentTarget;
  const form = asker.closest('form');
  const status = form.querySelector('[data-passkey-status]');
  if (form.getAttribute('aria-busy') === 'true') return;
  form.setAttribute('aria-busy', 'true');
  status.textContent = say('keyWaiting');
  try {
    form.elements.credential.value = asJson(await answer(asker, form));
    form.submit();
  } catch (problem) {
    form.removeAttribute('aria-busy');
    status.textContent = say(SENTENCES[problem.name] ?? 'keyFailed');
  }
}

if (window.PublicKeyCredential) {
  document.querySelectorAll('[data-passkey-absent]').forEach((one) => one.remove());
  for (const asker of document.querySelectorAll('[data-passkey]')) {
    asker.addEventListener(asker.matches('form') ? 'submit' : 'click', present);
    asker.hidden = false;
  }
}
