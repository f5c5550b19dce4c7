# /// script
# requires-python = '>=3.12'
# dependencies = []
# ///
import a
