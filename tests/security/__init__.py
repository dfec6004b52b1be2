"""One test for each threat of docs/explanation/security.md, named after it."""
