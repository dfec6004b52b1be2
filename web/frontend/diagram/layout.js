// A file that says what is done and not where it is drawn (written by a program, exported without its picture).
import { language } from '../app/texts.js';

const BPMN = 'http://www.omg.org/spec/BPMN/20100524/MODEL';
const said = ['Dessin fait automatiquement : le fichier n’en a pas.', 'Drawn automatically: the file has no drawing.'];

export const laidOutWords = () => said[language === 'en' ? 1 : 0];

// the layout follows the flows that each step names itself; BPMN lets a file say them on the flows alone
function withFlowsOnSteps(xml) {
  const document = new DOMParser().parseFromString(xml, 'application/xml');
  const steps = new Map([...document.querySelectorAll('[id]')].map((step) => [step.getAttribute('id'), step]));
  const name = (step, way, flow) => {
    if (!step || [...step.children].some((one) => one.localName === way && one.textContent.trim() === flow.getAttribute('id'))) return;
    const end = document.createElementNS(BPMN, flow.prefix ? `${flow.prefix}:${way}` : way);
    end.textContent = flow.getAttribute('id');
    step.append(end);
  };
  for (const flow of document.getElementsByTagNameNS(BPMN, 'sequenceFlow')) {
    name(steps.get(flow.getAttribute('sourceRef')), 'outgoing', flow);
    name(steps.get(flow.getAttribute('targetRef')), 'incoming', flow);
  }
  return new XMLSerializer().serializeToString(document);
}

// gives the XML with a drawing, and whether one had to be made
export async function withDrawing(xml) {
  if (/<(?:[\w.-]+:)?BPMNShape[\s>]/.test(xml)) return { xml, made: false };
  const { layoutProcess } = await import('bpmn-auto-layout');
  return { xml: await layoutProcess(withFlowsOnSteps(xml)), made: true };
}
