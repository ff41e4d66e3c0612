"""Classes of programs: how they are made, what their objects may do, and how attributes of all values are reached.

They are real classes of CPython's, so that attributes and methods run at its speed. They are safe because every name
that a program chooses is marked (`core.vm.names.mark`) before Python sees it, and because only vetted special methods
get in.
"""
