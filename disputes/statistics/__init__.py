"""What a company's cases come to, as pure functions: spans of time, the facts of one case, the figures of many."""
