"""What people see: figures, tables, the terminal."""
