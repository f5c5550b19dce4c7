from tools.lazy import required_import
