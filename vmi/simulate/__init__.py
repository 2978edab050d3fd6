"""Live a company forward, night by night, under any policy, and tell what it delivered, held and cost."""
