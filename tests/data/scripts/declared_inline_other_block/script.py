# /// other
# dependencies = ['x']
# ///
# /// script
import a
