import a
if a:
        x = 1
	import b
import c
