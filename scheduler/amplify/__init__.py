"""The service: the only package that imports aiobotocore. Its errors end here."""
