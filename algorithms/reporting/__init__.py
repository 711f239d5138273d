"""What a run leaves beside its maps and tables: the report, or a chapter of the report of a workflow."""
