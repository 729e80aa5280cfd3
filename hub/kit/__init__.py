"""The kit for authors of plugins: begin one, check it by written rules, run its tests."""
