import a
import b
if a:
    import c
