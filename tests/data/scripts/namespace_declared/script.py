# /// script
# dependencies = ["unheard-of"]
# ///
import unheard_of
