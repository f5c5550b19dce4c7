import pytest
import mypkg
