"""What a planner should look at tomorrow morning, most money first; one line is one thing to do."""
