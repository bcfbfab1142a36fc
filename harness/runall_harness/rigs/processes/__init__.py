"""Nodes as processes of this machine: real daemons, real signals, real sockets."""
