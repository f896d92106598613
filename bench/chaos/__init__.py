"""The chaos run: everything at once, and every answer checked."""
