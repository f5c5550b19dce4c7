"""Helpers for clients of distributed engines.

One module an engine, none of which imports it before a function is called; distributing the
tasks is the engine's work.
"""
