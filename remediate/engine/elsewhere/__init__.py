"""Orders that are carried out by other processes of this machine.

`crew` gives them away, and does for each what it asks for: journal, leases, gate, questions to a
person. `member` carries them out in the other process, which does nothing but talk to hosts.
"""
