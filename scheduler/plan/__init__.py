"""Plans: from a file that a person wrote to a fixed list of targets.

`load` is the way in. A file travels through `source` (bytes), `yaml_source` or `toml_source` (a plain tree),
`check` (faults, all of them at once) and `resolve` (targets). `freeze` turns the result into plain data and
back, `select` narrows it, `digest` names it, `lock_file` writes it down for another day; `schema` describes
the file to editors.
"""
