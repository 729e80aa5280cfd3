"""The hub: nouns, verbs and doors. Knows nothing of GraphQL or of any plugin."""

__version__ = "0.1.0"
