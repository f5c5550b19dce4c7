import pkg
import stubbed
