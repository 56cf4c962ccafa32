"""A sweep over many branches outside of a run: `doctor` looks at them, `cancel` stops their jobs."""
