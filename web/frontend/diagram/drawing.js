// Draws one BPMN file with bpmn-js and lays states, badges and replays over it.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { fontReady, showWell, style } from './display.js';
import { laidOutWords, withDrawing } from './layout.js';
import { replayer } from './replay.js';

const badge = (text, ...classes) => Object.assign(document.createElement('div'), { className: ['diagram-badge', ...classes].join(' '), textContent: text });

function showState(viewer, state) {
  const canvas = viewer.get('canvas');
  const overlays = viewer.get('overlays');
  const registry = viewer.get('elementRegistry');
  for (const id of state.taken ?? []) if (registry.get(id)) canvas.addMarker(id, 'is-taken');
  for (const node of state.nodes ?? []) {
    if (!registry.get(node.id)) continue;
    const level = `is-${node.level ?? node.state}`;
    if (node.state) canvas.addMarker(node.id, `is-${node.state}`);
    if (node.finding) canvas.addMarker(node.id, `is-finding-${node.finding}`);
    if (node.heat) canvas.addMarker(node.id, `heat-${node.heat}`);
    if (node.badge) overlays.add(node.id, { position: { top: -12, right: 16 }, html: badge(node.badge, level) });
    if (node.note) overlays.add(node.id, { position: { bottom: 9, left: 2 }, html: badge(node.note, level, 'diagram-note') });
  }
}

// a wide drawing opens where things happen: the hottest step first, else what is late, else what is open
const PRESSING = ['late', 'open', 'waiting'];
const whereItHappens = (nodes) => nodes
  .filter((node) => node.heat || PRESSING.includes(node.state))
  .sort((one, other) => (other.heat ?? 0) - (one.heat ?? 0) || PRESSING.indexOf(one.state) - PRESSING.indexOf(other.state));

const wordsOf = (id) => document.querySelectorAll(`[data-node="${CSS.escape(id)}"]`);

function chooseTogether(viewer) {
  const canvas = viewer.get('canvas');
  const registry = viewer.get('elementRegistry');
  let chosen;
  const choose = (id) => {
    if (chosen) {
      canvas.removeMarker(chosen, 'is-chosen');
      wordsOf(chosen).forEach((element) => element.classList.remove('is-selected'));
    }
    chosen = registry.get(id) ? id : undefined;
    if (!chosen) return;
    canvas.addMarker(id, 'is-chosen');
    wordsOf(id).forEach((element) => element.classList.add('is-selected'));
  };
  viewer.on('element.click', ({ element }) => {
    const id = (element.labelTarget ?? element).id;
    choose(id);
    const [words] = wordsOf(id);
    words?.scrollIntoView({ block: 'nearest' });
    words?.querySelector('[data-node-details]')?.click();
  });
  const fromWords = (event) => {
    const words = event.target.closest('[data-node]');
    if (words) choose(words.dataset.node);
  };
  document.addEventListener('click', fromWords);
  document.addEventListener('focusin', fromWords);
  document.addEventListener('click', (event) => {
    const show = event.target.closest('[data-show-node]');
    if (!show) return;
    choose(show.dataset.showNode);
    if (registry.get(show.dataset.showNode)) canvas.scrollToElement(show.dataset.showNode, 120);
    canvas.getContainer().scrollIntoView({ block: 'nearest' });
  });
}

export function zoomButtons(viewer) {
  const zoom = viewer.get('zoomScroll');
  document.addEventListener('click', (event) => {
    const way = event.target.closest('[data-zoom]')?.dataset.zoom;
    if (way === 'fit') viewer.get('canvas').zoom('fit-viewport', 'auto');
    else if (way) zoom.stepZoom(way === 'in' ? 1 : -1);
  });
}

// `#id` names an element of the page that holds the text: a drawing that was refused is stored nowhere
const text = async (source) => (source.startsWith('#') ? document.querySelector(source).value : (await fetch(source)).text());
const json = async (source) => (source ? JSON.parse(await text(source)) : {});

export async function draw(element) {
  try {
    const [xml, state] = await Promise.all([text(element.dataset.diagram), json(element.dataset.state), fontReady()]);
    const viewer = new NavigatedViewer({ container: element, ...style });
    const drawing = await withDrawing(xml);
    await viewer.importXML(drawing.xml);
    if (drawing.made) element.after(Object.assign(document.createElement('p'), { className: 'quiet wide-only', textContent: laidOutWords() }));
    showState(viewer, state);
    showWell(viewer, element, whereItHappens(state.nodes ?? []));
    chooseTogether(viewer);
    zoomButtons(viewer);
    replayer(viewer);
    element.dataset.ready = 'yes';
  } catch (problem) {
    element.classList.add('is-failed');
    element.textContent = `${element.dataset.failed ?? 'Le schéma n’a pas pu être dessiné. Les étapes sont listées ci-dessous.'} (${problem.message})`;
  }
}
