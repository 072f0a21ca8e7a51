"""Instruments that look into a run of the default engine: the world stays as it is, and tells more.

`trace`         keeps what adopters saw in every month
`decision`      takes one adopter's decision apart, term by term
`opened_loops`  opens loops: puts a little worth in, keeps the world on its path, reads what would come back
"""
