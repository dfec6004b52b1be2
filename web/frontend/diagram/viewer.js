// The drawing of a pathway on a page: where a case is, or where all cases are. The words beside it say the same.
//   <div class="diagram wide-only" role="group" aria-label="Schéma du parcours" data-diagram="/…/schema.bpmn" data-state="/…/schema.json"></div>
//   <li class="step" data-node="Task_visit"> …                  the same step in words: chosen together with the shape
//   <button data-zoom="in|out|fit">                             for those without a wheel
//   <button data-replay='[["Start"], ["A", "B"], ["Join"]]'>    walks tokens along a trace; the last places stay marked
//   <p data-replay-status role="status">                        says where the tokens are
//   data-diagram="#id", data-state="#id"                        the text of a <textarea hidden> of the page instead of an address
// State: {"nodes": [{"id", "state": "done|open|waiting|late", "finding": "error|warning", "badge", "note", "level", "heat": 1…4}], "taken": [flow ids]}
import 'diagram-js/assets/diagram-js.css';
import '../styles/diagram.css';

// a phone has the words; it does not load the drawing
const visible = [...document.querySelectorAll('[data-diagram]')].filter((element) => element.offsetParent !== null);
if (visible.length) import('./drawing.js').then(({ draw }) => visible.forEach(draw));
