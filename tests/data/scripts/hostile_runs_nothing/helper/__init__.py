open('ran', 'w')
import numpy
raise SystemExit(9)
