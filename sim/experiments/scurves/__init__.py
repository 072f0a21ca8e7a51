"""S-curves of a run or of a table, and what their analysis leaves behind (`folder`)."""
