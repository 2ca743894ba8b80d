"""Instructions that dekaf executes for each operation, counted by valgrind's callgrind.

They hardly depend on the machine or on what else runs there, so a change of 2 % is seen.
`benches/README.md` says how to use it.
"""
