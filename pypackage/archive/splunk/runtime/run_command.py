"""Run a search command: started by Splunk's Python, and again by the environment's."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # leaves the app's folder as it was installed
    if sys.argv[1:2] == ["--serve"]:
        from python_package_splunk import serve  # type: ignore[import-not-found]

        sys.exit(serve.main(sys.argv[2:]))
    from python_package_splunk import dispatch

    sys.exit(dispatch.main(__file__, sys.argv[1:]))
