# /// script
# requires-python = ">=3.9"
# dependencies = [
#   "opencv-python-headless==4.9.0.80",
#   "rich>=13,<14",
# ]
# ///
import cv2
import yaml
