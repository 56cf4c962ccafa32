"""The journal: what a run intended and what became of it, durable before anything is sent.

`port` is what the rest of the program sees. `sqlite`, `postgres` and `memory` are the stores behind it. Both
databases share `statements` (what an event changes) and `questions` (what readers ask) over `rows`, and
`recorder`, which makes events durable many at a time. All stores let `clean` decide what may be kept, and
say the same by `answers` and `refusals`. `lease` is what keeps two processes out of one lane.
"""
