"""The commands of the command line, one file each.

A command imports the side that it needs when it is called, not before: ``modiste serve`` must
start where TensorFlow is not installed, and in a second where it is.
"""
