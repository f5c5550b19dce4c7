"""Requirements, and the file formats that declare them."""
