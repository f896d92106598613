"""The training side: recipes, fitting, reports, and publishing a version for the service to serve.

It stands on `modiste` and never imports `service`; what passes between them is the folder of a version.
"""
