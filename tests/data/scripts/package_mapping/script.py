import zq_unheard_of, cv2
