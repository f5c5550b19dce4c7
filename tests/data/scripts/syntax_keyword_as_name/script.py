import a
class not(x):
    import b
def None:
    import c
import d
