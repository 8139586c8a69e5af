"""From what a service did to a scenario that does the same, and back.

A recording is made by polling a job (``job_recorder``), or by a proxy that a client goes through;
``scenario_text`` writes it down, with ``pseudonyms`` in the place of every secret. ``drift`` says
where a service no longer behaves as a scenario says.
"""
