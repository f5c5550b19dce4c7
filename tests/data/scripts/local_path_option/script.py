import helper, other
