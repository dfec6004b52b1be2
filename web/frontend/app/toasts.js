// Short confirmations: from a script, or from the server by the header HX-Trigger: {"toast": {"text": "…", "kind": "done"}}.
export function toast(text, kind = 'done') {
  let place = document.querySelector('.toasts');
  if (!place) {
    place = document.createElement('div');
    place.className = 'toasts';
    place.setAttribute('role', 'status');
    document.body.append(place);
  }
  const message = document.createElement('p');
  message.className = `toast toast-${kind}`;
  message.textContent = text;
  place.append(message);
  setTimeout(() => message.remove(), 6000);
}

export function startToasts() {
  document.body.addEventListener('toast', (event) => toast(event.detail.text, event.detail.kind));
}
