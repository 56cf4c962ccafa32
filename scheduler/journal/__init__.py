"""The journal: what a run intended and what became of it, durable before anything is sent."""
