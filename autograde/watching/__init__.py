"""A small service: what arrives in a folder is collected, graded, and answered with a page."""
