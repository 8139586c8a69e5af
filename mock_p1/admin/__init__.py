"""The control API below ``/__admin``, its events and its dashboard."""
