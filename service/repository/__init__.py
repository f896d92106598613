"""The model repository: what lies in the artifacts folder, what of it is loaded, and what answers."""
