"""What fills a prefix besides packages: own code, data, variables, post-link scripts."""
