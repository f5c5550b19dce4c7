"""What an app runs: on Splunk's side the dispatcher, on the environment's the user's functions.

Each app carries a copy of this folder. Hence it imports nothing but itself and the standard
library, and works with any Python from 3.7 on: Splunk's and the environment's are not ours to
choose.
"""
