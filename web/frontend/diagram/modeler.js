// The designer's editor: bpmn-js with our own properties group, saved with the version it was read from.
//   <div class="editor" data-model="/modeles/…/brouillon.bpmn" data-check="/api/…/check" data-choices='{"roles": [{"value", "label"}], …}'>
//     <div class="editor-canvas" data-editor-canvas></div><aside class="editor-panel" data-editor-panel></aside></div>
//   <button data-editor-act="save|check|undo|redo|unmend|download">   <p data-editor-status role="status">   <div data-editor-findings>
// GET gives the XML and an ETag; PUT takes XML with If-Match; both PUT and the check answer
// {"message", "findings": [{"code", "severity": "error|warning|advice", "message", "element_id", "line", "fix"}]}; 412 = saved by another.
// data-mend="/…/corriger-dessin": POST ?code=&element= with the drawing answers the same and "xml", the drawing mended.
import 'diagram-js/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import '../styles/diagram.css';
import '../styles/editor.css';
import Modeler from 'bpmn-js/lib/Modeler';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from 'bpmn-js-properties-panel';
import { language, say } from '../app/texts.js';
import { fontReady, style } from './display.js';
import { entriesFor } from './entries.js';
import { findingsOn } from './findings.js';
import french from './french.js';
import { laidOutWords, withDrawing } from './layout.js';
import { replayer } from './replay.js';
import vocabulary from './vocabulary.json';
import { word } from './words.js';

const PALETTE = 120;
const SMALLEST_SCALE = 0.7;

const editor = document.querySelector('.editor[data-model]');
const choices = JSON.parse(editor.dataset.choices ?? '{}');

// a sentence without its French is noted on the editor, where a test looks for it
const untranslated = new Set();
editor.untranslated = untranslated;
function translate(template, values = {}) {
  const known = language === 'en' ? template : french[template];
  if (known === undefined) untranslated.add(template);
  return (known ?? template).replace(/{([^}]+)}/g, (whole, name) => (name in values ? values[name] : whole));
}

class PathwayProperties {
  constructor(propertiesPanel) { propertiesPanel.registerProvider(400, this); }

  getGroups(element) {
    return (groups) => {
      const entries = entriesFor(element, choices).map((entry) => ({ ...entry, element }));
      if (entries.length) groups.splice(1, 0, { id: 'pathway', label: word('group'), entries, shouldOpen: true });
      return groups;
    };
  }
}
PathwayProperties.$inject = ['propertiesPanel'];

const modeler = new Modeler({
  container: editor.querySelector('[data-editor-canvas]'),
  propertiesPanel: { parent: editor.querySelector('[data-editor-panel]') },
  moddleExtensions: { parcours: vocabulary },
  additionalModules: [
    BpmnPropertiesPanelModule, BpmnPropertiesProviderModule,
    { translate: ['value', translate], __init__: ['pathwayProperties'], pathwayProperties: ['type', PathwayProperties] },
  ],
  ...style,
});

const status = document.querySelector('[data-editor-status]');
const tell = (text, state = '') => {
  if (!status) return;
  status.textContent = text;
  status.dataset.state = state;
};
let etag = null;
const UNSAVED = -2;
let savedAt = -1; // the command the saved drawing corresponds to; UNSAVED: none of those that can be undone
const stack = () => modeler.get('commandStack')._stackIdx;

async function open() {
  const answer = await fetch(editor.dataset.model);
  if (!answer.ok) throw new Error(String(answer.status));
  etag = answer.headers.get('ETag');
  const drawing = await withDrawing(await answer.text());
  if (drawing.made) tell(laidOutWords());
  const { warnings } = await modeler.importXML(drawing.xml);
  keepNamedLists(warnings);
  savedAt = stack();
}

// lists named after a fact are references to nothing drawn: put back, or saving would lose them
function keepNamedLists(warnings) {
  for (const { element, property, value } of warnings) {
    const name = property?.replace(/^bpmn:/, '');
    if (['loopDataInputRef', 'loopDataOutputRef'].includes(name)) element.set(name, { id: value });
  }
}

// the palette lies over the left of the drawing; a long pathway opens on its beginning, large enough to be read
function firstView() {
  const canvas = modeler.get('canvas');
  canvas.zoom('fit-viewport', 'auto');
  const { inner, outer, scale: fitting } = canvas.viewbox();
  const scale = Math.max(fitting, SMALLEST_SCALE);
  const wide = outer.width / scale;
  const spare = wide - inner.width - PALETTE / scale;
  canvas.viewbox({
    x: inner.x - PALETTE / scale - Math.max(spare / 2, 0), y: inner.y - 20 / scale, width: wide, height: outer.height / scale,
  });
}

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? '';
const xml = async () => (await modeler.saveXML({ format: true })).xml;

async function send(method, url, headers = {}) {
  const body = await xml();
  const answer = await fetch(url, { method, body, headers: { 'Content-Type': 'application/xml', 'X-CSRFToken': token(), ...headers } });
  const told = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : {};
  return { answer, told };
}

const list = document.querySelector('[data-editor-findings]');
const showFindings = findingsOn(modeler, list, Boolean(editor.dataset.mend));
const undoMend = document.querySelector('[data-editor-act="unmend"]');
const beforeMends = []; // the drawings that mends replaced: an import empties the undo list of bpmn-js

async function save() {
  const at = stack();
  try {
    const { answer, told } = await send('PUT', editor.dataset.model, etag ? { 'If-Match': etag } : {});
    if (answer.status === 412) tell(told.message ?? told.detail ?? word('changedElsewhere'), 'late');
    else if (answer.ok) {
      etag = answer.headers.get('ETag') ?? etag;
      savedAt = at;
      tell(told.message ?? word('saved'), 'done');
    } else tell(told.message ?? told.detail ?? word('saveFailed'), 'late');
    if (told.findings) showFindings(told.findings);
  } catch {
    tell(word('saveFailed'), 'late');
  }
}

async function check() {
  try {
    const { told } = await send('POST', editor.dataset.check);
    tell(told.message ?? '', told.findings?.some((finding) => finding.severity === 'error') ? 'late' : 'done');
    showFindings(told.findings ?? []);
  } catch {
    tell(say('failed'), 'late');
  }
}

async function show(drawing) {
  const { warnings } = await modeler.importXML(drawing);
  keepNamedLists(warnings);
  savedAt = UNSAVED;
  if (undoMend) undoMend.hidden = beforeMends.length === 0;
  firstView();
}

async function mend(code, element) {
  try {
    const before = await xml();
    const url = `${editor.dataset.mend}?${new URLSearchParams({ code, element })}`;
    const { answer, told } = await send('POST', url);
    if (!answer.ok) return void tell(told.message ?? told.detail ?? say('failed'), 'late');
    beforeMends.push(before);
    await show(told.xml);
    tell(told.message, 'done');
    showFindings(told.findings ?? []);
    list.querySelector('button')?.focus();
  } catch {
    tell(say('failed'), 'late');
  }
}

async function unmend() {
  const before = beforeMends.pop();
  if (!before) return;
  await show(before);
  await check();
  tell(word('unmended'), 'done');
}

async function download() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([await xml()], { type: 'application/xml' }));
  link.download = editor.dataset.filename ?? 'parcours.bpmn';
  link.click();
  URL.revokeObjectURL(link.href);
}

const acts = { save, check, download, unmend, undo: () => modeler.get('commandStack').undo(), redo: () => modeler.get('commandStack').redo() };

document.addEventListener('click', (event) => acts[event.target.closest('[data-editor-act]')?.dataset.editorAct]?.());
document.addEventListener('click', (event) => {
  const wanted = event.target.closest('[data-mend]:not(.editor)')?.dataset.mend;
  if (wanted) mend(...JSON.parse(wanted));
});
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== 's') return;
  event.preventDefault();
  save();
});
addEventListener('beforeunload', (event) => { if (stack() !== savedAt) event.preventDefault(); });
modeler.on('commandStack.changed', () => tell(stack() === savedAt ? '' : word('unsaved')));

try {
  await fontReady();
  await open();
  firstView();
  replayer(modeler);
  editor.dataset.ready = 'yes';
} catch (problem) {
  tell(`${word('cannotOpen')} (${problem.message})`, 'late');
}
