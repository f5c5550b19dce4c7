"""Splunk apps: an environment, and search commands that run in it."""

FORMAT = "splunk-app"
