"""Certificates and keys that are not PEM: what form a file has, and how PEM is made of it.

`form` and `command` are imported with `dekaf.Security`, the rest when such a file is used.
"""
