"""What runs inside the servers. Knows the cluster and the topic from the environment alone."""
