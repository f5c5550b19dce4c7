from pkg import util
import r1
