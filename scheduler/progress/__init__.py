"""What a person sees of a run while it goes on: a live pane or plain lines, both on stderr."""
