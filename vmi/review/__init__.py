"""Look back at a finished night: figures, worklist, scorecards and the view its report is made from."""
