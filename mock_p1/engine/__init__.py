"""One Request in, one Reply or Fault out.

Pure: no socket, no thread, no real clock, no framework.
"""
