"""The scripts and styles of the pages, in a real browser, on small pages of their own: no database, no Flask."""
