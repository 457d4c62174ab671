"""Where definitions are kept: the port, definition_store.DefinitionStore, and a store of files, written atomically."""
