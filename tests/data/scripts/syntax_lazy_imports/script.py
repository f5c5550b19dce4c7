import os
lazy import json, numpy as np
lazy from yaml import (
    safe_load,
)
lazy = 1
if os:
    lazy import pandas.api
