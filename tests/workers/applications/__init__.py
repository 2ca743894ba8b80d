"""The applications that the servers run. They are configured by environment variables."""
