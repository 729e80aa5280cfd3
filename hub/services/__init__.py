"""The verbs, one noun a file. Who sees what, and every rule of the domain, is decided here."""
