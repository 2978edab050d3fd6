"""Dispatch: which open order line is served from where, by which service, in which shipment, and when it arrives."""
