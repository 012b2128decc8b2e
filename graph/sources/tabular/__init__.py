"""The parts of a table in the terms of CSV on the Web: its metadata, rows, columns, datatypes and URI templates."""
