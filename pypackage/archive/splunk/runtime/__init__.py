"""The code in an app: the dispatcher on Splunk's side, the server on the environment's side.

Each app contains a copy of this folder. Hence it imports only itself and the standard library, and
works with any Python from 3.7 on: those of Splunk and of the environment vary.
"""
