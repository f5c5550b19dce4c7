"""Fill a prefix with what is not a package: own code, data, variables, post-link scripts."""
