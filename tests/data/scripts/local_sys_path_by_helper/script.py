import before
import set_up_paths
import module

before, module
