"""vmi: plan spare parts that suppliers own, night by night."""

__version__ = "0.1.0"
