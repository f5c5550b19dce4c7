import a
import mypkg
