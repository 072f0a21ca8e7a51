"""What is left behind: numbers with names and units, and folders that appear whole or not at all.

`dataset`      an engine's bare arrays -> a labelled dataset
`kind`         what a kind of result is; each room of the experiments brings its own
`folder`       one writer for all kinds, the manifest with a checksum of every file, and folders read back
`blocks`       what is told of a result, before anybody knows whether it becomes HTML, Markdown or text
`markdown`     blocks as Markdown
`files`        one file, written whole or not at all
`shards`       files that are written once and whole, and whose names vouch for what they hold
`differences`  a rebuilt folder held against the stored one, number by number
"""
