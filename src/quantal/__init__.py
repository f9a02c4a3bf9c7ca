"""quantal: plan, fit and explain neural scaling laws."""
