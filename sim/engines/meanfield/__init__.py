"""The deterministic twin: expected numbers of adopters in cells, in place of adopters.

`engine`      the month of the cells
`quadrature`  a few weighted points stand for how adopters of a cell differ
`linearised`  the twin near one of its months: does a small lead of a line grow or die out?
"""
