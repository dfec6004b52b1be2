// The entries of the group « Parcours de soins »: which fields each kind of element has, and how they are read and written.
import {
  SelectEntry, TextAreaEntry, TextFieldEntry, isSelectEntryEdited, isTextAreaEntryEdited, isTextFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { useService } from 'bpmn-js-properties-panel';
import { word } from './words.js';

// how a field is stored: an attribute of ours, or a place BPMN already has
const attribute = (name) => ({
  read: (element) => element.businessObject.get(`parcours:${name}`) ?? '',
  write: (element, value, { modeling }) => modeling.updateProperties(element, { [`parcours:${name}`]: value || undefined }),
});

const called = {
  read: (element) => element.businessObject.get('calledElement') ?? '',
  write: (element, value, { modeling }) => modeling.updateProperties(element, { calledElement: value || undefined }),
};

const condition = {
  read: (element) => element.businessObject.get('conditionExpression')?.body ?? '',
  write: (element, value, { modeling, factory }) => modeling.updateProperties(element, {
    conditionExpression: value ? factory.create('bpmn:FormalExpression', { body: value }) : undefined,
  }),
};

const script = {
  read: (element) => element.businessObject.get('script') ?? '',
  write: (element, value, { modeling }) => modeling.updateProperties(element, {
    script: value || undefined, scriptFormat: value ? 'parcours' : undefined,
  }),
};

// BPMN makes the list a reference to a drawn datum; ours is a fact of the case, so the reference only carries its name
const loop = (element) => element.businessObject.get('loopCharacteristics');
const collection = {
  read: (element) => loop(element).get('loopDataInputRef')?.id ?? '',
  write: (element, value, { modeling }) => modeling.updateModdleProperties(element, loop(element), {
    loopDataInputRef: value ? { id: value } : undefined,
  }),
};
const item = {
  read: (element) => loop(element).get('inputDataItem')?.get('name') ?? '',
  write: (element, value, { modeling, factory }) => {
    const datum = value ? factory.create('bpmn:DataInput', { name: value }) : undefined;
    if (datum) datum.$parent = loop(element);
    modeling.updateModdleProperties(element, loop(element), { inputDataItem: datum });
  },
};

function useField({ element, id, store, label, hint }) {
  const modeling = useService('modeling');
  const factory = useService('bpmnFactory');
  return {
    element, id, label: word(label), description: hint ? word(hint) : undefined,
    debounce: useService('debounceInput'),
    getValue: () => store.read(element),
    setValue: (value) => store.write(element, value, { modeling, factory }),
  };
}

const Text = (props) => TextFieldEntry(useField(props));
const Lines = (props) => TextAreaEntry({ ...useField(props), rows: 3, autoResize: true });
const Choice = (props) => SelectEntry({
  ...useField(props),
  getOptions: () => withCurrent(props.options, props.store.read(props.element)),
});

// a value the server did not list stays visible: choosing something else must be somebody's decision
function withCurrent(options, current) {
  const known = options.some((option) => option.value === current);
  return known || !current ? options : [...options, { value: current, label: current }];
}

const text = (id, hint, store = attribute(id)) => ({ id, component: Text, isEdited: isTextFieldEntryEdited, store, label: id, hint });
const lines = (id, hint, store = attribute(id)) => ({ id, component: Lines, isEdited: isTextAreaEntryEdited, store, label: id, hint });
const select = (id, options, store = attribute(id)) => ({ id, component: Choice, isEdited: isSelectEntryEdited, store, label: id, options });
const oneOf = (id, offered, store) => (offered?.length ? select(id, [{ value: '', label: word('none') }, ...offered], store) : text(id, undefined, store));

const worded = (pairs) => pairs.map(([value, name]) => ({ value, label: word(name) }));
const offers = () => worded([['', 'offerNone'], ['usual', 'offerUsual'], ['pool', 'offerPool'], ['neighbours', 'offerNeighbours'], ['search', 'offerSearch']]);
const priorities = () => worded([['', 'priorityNormal'], ['high', 'priorityHigh'], ['vital', 'priorityVital']]);
const ladders = (offered = []) => [...worded([['', 'escalationStandard'], ['none', 'escalationNone']]), ...offered];
const actions = () => worded([
  ['', 'none'], ['notify', 'actionNotify'], ['send_message', 'actionMessage'], ['send_document', 'actionDocument'],
  ['start_pathway', 'actionStart'], ['stop_notifications', 'actionStop'], ['set_outcome', 'actionOutcome'],
]);

function actionFields(element, choices) {
  const chosen = element.businessObject.get('parcours:action');
  return [
    select('action', actions()),
    ...(['notify', 'send_message', 'send_document'].includes(chosen) ? [text('to')] : []),
    ...(['notify', 'send_document'].includes(chosen) ? [text('template')] : []),
    ...(chosen === 'start_pathway' ? [oneOf('pathway', choices.pathways)] : []),
    ...(chosen === 'send_message' ? [text('message')] : []),
  ];
}

const isLoop = (element) => element.businessObject.get('loopCharacteristics')?.$type === 'bpmn:MultiInstanceLoopCharacteristics';

const fieldsOf = {
  'bpmn:UserTask': (_, choices) => [
    oneOf('role', choices.roles), oneOf('form', choices.forms), text('due', 'dueHint'), text('opens', 'opensHint'),
    select('escalation', ladders(choices.escalations)), select('offer', offers()), select('priority', priorities()), text('assignee', 'assigneeHint'),
  ],
  'bpmn:ReceiveTask': (_, choices) => [oneOf('responsible', choices.roles), text('expected', 'expectedHint')],
  'bpmn:IntermediateCatchEvent': (_, choices) => [oneOf('responsible', choices.roles), text('expected', 'expectedHint')],
  'bpmn:BoundaryEvent': (_, choices) => [oneOf('responsible', choices.roles)],
  'bpmn:ServiceTask': actionFields,
  'bpmn:SendTask': actionFields,
  'bpmn:BusinessRuleTask': (_, choices) => [oneOf('decision', choices.decisions)],
  'bpmn:ScriptTask': () => [lines('script', 'scriptHint', script)],
  'bpmn:CallActivity': (_, choices) => [oneOf('calledElement', choices.pieces, called), lines('in', 'mappingHint'), lines('out', 'mappingHint')],
  'bpmn:SequenceFlow': () => [lines('condition', 'conditionHint', condition)],
};

export function entriesFor(element, choices) {
  if (element.labelTarget) return [];
  const own = fieldsOf[element.type]?.(element, choices) ?? [];
  const repeated = element.businessObject.get?.('loopCharacteristics') && isLoop(element) ? [text('collection', undefined, collection), text('item', undefined, item)] : [];
  return [...own, ...repeated];
}
