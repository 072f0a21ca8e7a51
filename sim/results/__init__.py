"""What is left behind: numbers with names and units, and folders that appear whole or not at all.

`dataset`      an engine's bare arrays -> a labelled dataset
`folder`       the run directory: one writer, a manifest, a checksum of every file
`blocks`       what a page is made of, before anybody knows whether it becomes HTML or Markdown
`shards`       files that are written once and whole, and whose names vouch for what they hold
`differences`  a rebuilt folder held against the stored one, number by number
"""
