"""The decision kernel: one month of all adopters of some runs, compiled.

`month`       the entries: advance adopters by a month, note what peers see, say whether the kernel is compiled
`occasions`   stage 1: who gets to choose this month
`worth`       stage 2: what every line is worth to every chooser
`races`       stage 3: which line and mode each chooser takes
`tallies`     stage 4: take up what was chosen, and tally what everybody uses
`rows`        steps over rows of the scratch that several stages share
`structures`  the arrays that the kernel reads and writes

*The unit of work* is a block of adopters of one run (`structures.BLOCK`). Adopters are sorted by cell. So what a cell
shares is read once for many adopters, and neither cell nor rank need be stored. What adopters of a cell share was
computed once for the month by `sim.engines.lockstep.engine`. The kernel adds what is their own: tastes, history, peers
and random draws.

*Most adopters do nothing.* In a block the kernel first finds the few to whom an occasion to choose arrives. Only these
go through the choice. Then it tallies everybody's usage.

*Choosers go side by side*, `structures.CHUNK` at a time. Each step is a short loop over rows of the scratch, with
numbers in and out and no branch that depends on the chooser. LLVM turns such a loop into vector instructions. It does
not if the loop holds a call that is not inlined, if it touches more than about eight arrays (LLVM gives up on checking
that they do not overlap), or if it looks something up by anything but its own index. So a step that looks like one
line of algebra is often split into two loops. What takes another path for each chooser goes one by one: the
race between lines of the block that has won, and the worth of a block without the line that the first slot took.

*Nobody's result depends on the others.* Each unit writes its own counts, which Python adds up in a fixed order. Every
random number comes from an address (`sim.basics.streams`), so no draw depends on who drew before. The result is the
same for any number of threads and any batch. There is no Python object and no global state inside, so threads run the
kernel without the interpreter lock.

*Numbers are doubles* where they are added or compared, although tastes are stored in single precision: the Mesa engine
computes in doubles, and both must make the same choice in every month.
"""
