"""An HTTP stand-in for AWS Amplify (and the two STS calls that lead to it), for demonstrations and tests.

`service` is pure and lives on any clock; `server` puts it on a loopback socket, for every AWS SDK.
"""
