"""Where runs are computed, and where they are kept.

`recipe`      which scenario, what varies in it, what is recorded, by which engine: plain data that travels
`worker`      what a worker does: a batch of runs, from plain data to plain data
`total_gain`  an outcome that is computed beside a run
`dispatch`    shares work out among workers, and takes back what came of it
`sizer`       how many runs a batch should have
`pools`       threads, processes, Dask and MPI: anything with the interface of `concurrent.futures.Executor`
`until`       adding replicates until enough is known
`store`       a folder of runs that only grows and survives a crash
`pieces`      finished pieces of work that wait on disk until a folder of results is whole
`lock`        the only right to write to a folder
"""
