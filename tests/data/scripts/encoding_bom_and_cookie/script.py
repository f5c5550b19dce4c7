# vim: set fileencoding=utf-8 :
import a
