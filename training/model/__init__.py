"""From a recipe to a compiled Keras model, and from a data set to the labels that it learns."""
