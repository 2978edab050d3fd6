"""Errors a user can mend; the command line gives each kind its exit code."""


class UsageProblem(Exception):
    """A request that cannot be carried out as it stands: an unknown part, a plan that does not exist."""


class InputRefused(Exception):
    """Input that was refused as a whole; nothing changed."""


class PlanLocked(Exception):
    """Another run holds the planner's lock."""
