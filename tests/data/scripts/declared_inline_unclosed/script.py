# /// script
# dependencies = ['nothing']

import a
