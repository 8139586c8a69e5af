"""Mock P1: an offline double of the Prediction One retrain status API."""

__version__ = "0.1.0"
