from pkg import core
import beside
