"""PyDen Manager: manage interpreters and environments from Splunk's search bar.

`python -m pypackage.integrations.pyden` writes the app.
"""
