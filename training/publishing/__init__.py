"""From a trained model to a version that appears whole or not at all."""
