"""The BPMN room: reads, checks and runs pathways. The only importer of SpiffWorkflow; no I/O, no database."""
