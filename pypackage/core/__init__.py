"""What every stage uses: errors, files, processes, progress, caches, URLs, platforms."""
