"""Names, shapes and descriptions of the GraphQL API. No rules: those are in hub.services."""
