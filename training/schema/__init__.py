"""What may stand in a recipe: one table a file, each field called as Keras calls it."""
