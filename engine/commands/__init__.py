"""What people type: one module for each command of `picomesh`, and what they share."""
