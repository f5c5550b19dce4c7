import edgar
import pillow_jxl
