"""Helpers for clients of distributed engines.

There is one module per engine, which imports the engine only when a function is called;
distributing the tasks is the engine's work.
"""
