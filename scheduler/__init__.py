"""Release many AWS Amplify apps at once: a plan goes in, jobs run, a true report comes out."""

__version__ = "0.1.0"
