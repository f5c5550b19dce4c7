import pkg
import a
