// How our diagrams look and first appear: our type, our ink, never too small to read.
const font = '"Atkinson Hyperlegible Next", sans-serif';
const SMALLEST_FIRST_SCALE = 0.85;

export const style = {
  textRenderer: { defaultStyle: { fontFamily: font, fontSize: 13, fontWeight: 400 }, externalStyle: { fontSize: 13 } },
  bpmnRenderer: { defaultStrokeColor: '#29434B', defaultLabelColor: '#16323A' },
};

// labels are measured while they are drawn: with another font they would be cut elsewhere
export const fontReady = () => document.fonts.load('13px "Atkinson Hyperlegible Next"').catch(() => undefined);

// the box takes the height of the drawing, within reason; a wide drawing opens where things happen
export function showWell(viewer, element, happening) {
  const canvas = viewer.get('canvas');
  const { inner, outer } = canvas.viewbox();
  const scale = Math.max(Math.min(1, outer.width / (inner.width + 60)), SMALLEST_FIRST_SCALE);
  const tallest = Math.max(260, window.innerHeight * 0.62);
  element.style.setProperty('--diagram-height', `${Math.round(Math.min(Math.max(inner.height * scale + 90, 260), tallest))}px`);
  canvas.resized();
  canvas.zoom('fit-viewport', 'auto');
  if (canvas.zoom() >= SMALLEST_FIRST_SCALE) return;
  const size = canvas.viewbox().outer;
  const shape = happening.length ? viewer.get('elementRegistry').get(happening[0].id) : undefined;
  const width = size.width / SMALLEST_FIRST_SCALE;
  const height = size.height / SMALLEST_FIRST_SCALE;
  const x = shape ? shape.x + shape.width / 2 - width / 2 : inner.x - 30;
  const y = shape ? shape.y + shape.height / 2 - height / 2 : inner.y - 30;
  const within = (value, low, high) => Math.max(low, Math.min(value, Math.max(low, high)));
  canvas.viewbox({
    x: within(x, inner.x - 30, inner.x + inner.width + 30 - width),
    y: within(y, inner.y - 30, inner.y + inner.height + 60 - height),
    width, height,
  });
}
