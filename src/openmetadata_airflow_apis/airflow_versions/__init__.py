"""What differs between Airflow 2.7 and 2.11: one small function each, with the version at which it can go.

"Airflow < 2.10" in a function says: it can go when 2.10 is the oldest Airflow that is supported. A module a concern,
imported by what needs it alone: some of them are on the way of every parse.
"""
