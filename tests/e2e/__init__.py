"""The product as people meet it: `parcours up` as a process of its own, real browsers in front of it."""
