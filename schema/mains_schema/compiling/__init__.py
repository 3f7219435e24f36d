"""The second executor: a document becomes one SELECT; its plans, and what mutations changed."""
