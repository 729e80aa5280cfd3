"""A made-up city, the same for the same seed and size: for a first look, for benchmarks, for the tests of a front end.

`filling` writes it. Each noun has its file, `names` and `topics` hold the words. No row of it describes anything or
anybody real: grids have codes beginning with 99, where no division of China has one.
"""
