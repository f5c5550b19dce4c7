# /// script
# dependencies = ['their-thing<2']
# ///
import thing_module
