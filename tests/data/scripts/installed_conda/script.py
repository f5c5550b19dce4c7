import skthing
