"""What people and systems do: one module per noun, one function per verb, one transaction each."""
