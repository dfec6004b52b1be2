// A file that says what is done and not where it is drawn (written by a program, exported without its picture).
import { language } from '../app/texts.js';

const said = ['Dessin fait automatiquement : le fichier n’en a pas.', 'Drawn automatically: the file has no drawing.'];

export const laidOutWords = () => said[language === 'en' ? 1 : 0];

// gives the XML with a drawing, and whether one had to be made
export async function withDrawing(xml) {
  if (/<(?:[\w.-]+:)?BPMNShape[\s>]/.test(xml)) return { xml, made: false };
  const { layoutProcess } = await import('bpmn-auto-layout');
  return { xml: await layoutProcess(xml), made: true };
}
