"""What people take away beside the report: a workbook of all tables, a text of methods and sources."""
