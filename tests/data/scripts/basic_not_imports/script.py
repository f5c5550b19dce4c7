"""Documentation.

import not_this
>>> import not_that
"""
# import nor_this
text = """
import not_this
from nor import that
"""
more = 'import not_here; \
import not_there'
raw = r"\\"; import real
byte = b"""
import nor_in_bytes
"""
important = 1
from_x = important
f = f"""
import nor_in_f_strings {important}
"""
