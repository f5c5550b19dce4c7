import numpy

rule other:
    script: "../scripts/other.py"
