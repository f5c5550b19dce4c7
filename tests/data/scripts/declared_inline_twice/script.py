# /// script
# dependencies = []
# ///

# /// script
# dependencies = []
# ///
import a
