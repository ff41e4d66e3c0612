"""A connection of their own between executors and replicas of models, for what Serve would send by gRPC.

Serve still places, counts, limits, drains and replaces: its router chooses the replica, its replica admits the request.
Only the bytes go another way, because gRPC in Python costs a small call more than the model does.
"""
