"""Segments for the pages: read, counted within bounds, published as versions, put away; and lists of chosen people."""
