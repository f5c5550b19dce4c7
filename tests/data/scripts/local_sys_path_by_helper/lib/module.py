import a
import further
