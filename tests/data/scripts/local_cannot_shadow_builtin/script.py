import sys, time
