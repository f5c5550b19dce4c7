import sys
from pathlib import Path
if __name__ == "__main__" and not __package__:
    sys.path.append(str(Path(__file__).resolve().parent))
import two
