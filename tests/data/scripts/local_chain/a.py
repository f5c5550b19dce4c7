import b
import one
