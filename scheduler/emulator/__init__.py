"""An HTTP stand-in for AWS Amplify (and the few calls of other services around it), for rehearsals and tests.

`service` is pure and lives on any clock; `server` puts it on a loopback socket, for every AWS SDK.
"""
