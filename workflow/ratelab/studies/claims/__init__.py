"""The claims: each statement of the papers with its kind and origin, and the cases in which it is checked.

`catalogue` states them (no plugin, torch or xarray is needed to read it); one module for each theme checks them.
"""
