"""The pathways a territory lives by: one folder each, data only (BPMN, forms, decisions, parameters, walks)."""
