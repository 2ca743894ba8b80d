"""dekaf beside other producers: the same messages, settings and broker, each run a fresh process.

`benches/README.md` says what is counted, and what makes a comparison fair.
"""
