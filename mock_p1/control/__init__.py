"""``/__admin``: how a running mock is watched and steered."""
