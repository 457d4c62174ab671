"""What a user types: a module for each kind of command, its commands in COMMANDS.

signing_in.py  login, logout, contexts
deploying.py   validate, deploy, diff
applying.py    apply: a folder of workflows becomes a bundle
looking.py     list, get, runs, state, explain, logs; which run is the newest, where none is named
running.py     trigger, run-tasks, pause, unpause
repairing.py   restart, kill, skip, succeed, delete
versions.py    versions, restore
migrating.py   migrate: workflows of other tools, as files to deploy here
calling.py     call any operation of the specification
"""
