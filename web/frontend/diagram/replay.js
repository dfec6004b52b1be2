// Plays a trace on a drawing: each frame is the list of elements that hold a token; the last one stays, marked as stuck.
const FRAME = 850;

export function replayer(viewer) {
  const canvas = viewer.get('canvas');
  const registry = viewer.get('elementRegistry');
  let timer;
  let marked = [];

  const clear = () => {
    for (const [id, marker] of marked) canvas.removeMarker(id, marker);
    marked = [];
  };
  const mark = (ids, marker) => {
    for (const id of ids.filter((one) => registry.get(one))) {
      canvas.addMarker(id, marker);
      marked.push([id, marker]);
    }
  };
  const nameOf = (id) => registry.get(id)?.businessObject.name || '';
  const tell = (ids) => {
    const status = document.querySelector('[data-replay-status]');
    const names = ids.map(nameOf).filter(Boolean);
    if (status && names.length) status.textContent = names.join(' · ');
  };

  function play(frames, at = 0) {
    clearTimeout(timer);
    clear();
    const last = at === frames.length - 1;
    mark(frames[at], last ? 'is-stuck' : 'is-token');
    tell(frames[at]);
    const first = frames[at].find((id) => registry.get(id));
    if (first) canvas.scrollToElement(first, 100);
    if (!last) timer = setTimeout(() => play(frames, at + 1), FRAME);
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-replay]');
    if (!button) return;
    const frames = JSON.parse(button.dataset.replay).map((frame) => (Array.isArray(frame) ? frame : [frame]));
    canvas.getContainer().scrollIntoView({ block: 'nearest' });
    if (frames.length) play(frames);
  });
}
