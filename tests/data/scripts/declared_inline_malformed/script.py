import a
# /// script
# dependencies = [
# ///
