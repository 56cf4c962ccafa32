"""Reports: the journal summed up once, then one pure rendering a format."""
