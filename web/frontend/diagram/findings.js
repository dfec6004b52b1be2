// Pins the checker's findings on the elements they speak of, and lists them; a click on one goes to the other.
import { language } from '../app/texts.js';
import { word } from './words.js';

// where the tokens stand, step by step, and at last what the finding is about
const framesOf = ({ trace, element_id: element }) => [
  ...(trace ?? []).map((step) => [...new Set([step.element_id, ...(step.marking ?? [])])]),
  ...(trace?.length && element ? [[element]] : []),
];

// `editable`: what has a mechanical mend gets a button [data-mend] that the editor listens to
export function findingsOn(modeler, list, editable = false) {
  const canvas = modeler.get('canvas');
  const overlays = modeler.get('overlays');
  const registry = modeler.get('elementRegistry');
  let marked = [];

  const goTo = (id) => {
    const element = registry.get(id);
    if (!element) return;
    canvas.scrollToElement(element, 120);
    modeler.get('selection').select(element);
  };

  function pin(id, findings) {
    const worst = findings.some((finding) => finding.severity === 'error') ? 'error' : 'warning';
    canvas.addMarker(id, `is-finding-${worst}`);
    marked.push([id, `is-finding-${worst}`]);
    const badge = document.createElement('button');
    badge.type = 'button';
    badge.className = `diagram-badge is-${worst === 'error' ? 'late' : 'soon'}`;
    badge.textContent = findings.length > 1 ? String(findings.length) : '!';
    badge.title = findings.map((finding) => finding.message).join('\n');
    badge.setAttribute('aria-label', badge.title);
    badge.addEventListener('click', () => document.getElementById(`finding-${id}`)?.scrollIntoView({ block: 'nearest' }));
    overlays.add(id, 'finding', { position: { top: -12, left: -10 }, html: badge });
  }

  function row(finding, isFirst) {
    const card = document.createElement('div');
    card.className = `finding finding-${finding.severity}`;
    if (finding.element_id && isFirst) card.id = `finding-${finding.element_id}`;
    const sentence = document.createElement('p');
    const code = document.createElement('strong');
    code.textContent = finding.code;
    sentence.append(code, ` ${finding.message}`);
    card.append(sentence);
    if (finding.element_id && registry.get(finding.element_id)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button-link';
      button.textContent = registry.get(finding.element_id).businessObject.name || finding.element_id;
      button.addEventListener('click', () => goTo(finding.element_id));
      card.append(button);
    }
    if (finding.fix && editable) {
      const mend = document.createElement('button');
      mend.type = 'button';
      mend.className = 'button button-quiet button-small';
      mend.dataset.mend = JSON.stringify([finding.code, finding.element_id ?? '']);
      mend.textContent = `${word('mend')} : ${language === 'en' ? finding.fix.label_en : finding.fix.label}`;
      card.append(' ', mend);
    }
    const frames = framesOf(finding);
    if (frames.length > 1) {
      const replay = document.createElement('button');
      replay.type = 'button';
      replay.className = 'button-link';
      replay.textContent = word('replay');
      replay.dataset.replay = JSON.stringify(frames);
      card.append(' ', replay);
    }
    return card;
  }

  return (findings) => {
    overlays.remove({ type: 'finding' });
    for (const [id, marker] of marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    marked = [];
    const byElement = new Map();
    for (const finding of findings) {
      if (registry.get(finding.element_id)) byElement.set(finding.element_id, [...(byElement.get(finding.element_id) ?? []), finding]);
    }
    byElement.forEach((some, id) => pin(id, some));
    list?.replaceChildren(...findings.map((finding) => row(finding, byElement.get(finding.element_id)?.[0] === finding)));
  };
}
