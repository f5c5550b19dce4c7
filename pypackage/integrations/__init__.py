"""What clients of distributed engines need to run tasks in a packed environment.

One module an engine, none of which imports it before a function is called; distributing the
tasks is the engine's work.
"""
