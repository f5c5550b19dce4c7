"""PyDen Manager: interpreters and environments looked after from Splunk's search bar.

`python -m pypackage.integrations.pyden` writes the app.
"""
