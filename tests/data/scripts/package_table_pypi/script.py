import cv2, sklearn, PIL, yaml, bs4, dateutil, Crypto, dotenv, OpenSSL
